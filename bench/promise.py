#!/usr/bin/env python3
"""Holds a release to what README promises: 2,000 streams at once on two cores, every byte right, in under 60 MB. Fails
when it is not so, and takes some fifteen seconds.

Mock provider, load runner, and a gateway of two workers share the cores. Once the provider speaks the callers' dialect,
and all bytes must be the provider's; once it speaks Anthropic's, and all of the text must be. The memory is the most that
the gateway's process ever held (`VmHWM`).
"""

import os
import sys
from dataclasses import replace

from cases import cases
from place import Place, seen_by
from run import ROOT, Bench, command_line
from table import complaint
from targets import Lockgate

CORES = 2
MOST_BYTES = 60_000_000


def broken(told, at_once, peak_bytes):
    """What is not as promised, if anything."""
    if wrong := complaint(told):
        yield wrong
    if at_once < told["sent"]:
        yield f"only {at_once} at once"
    if peak_bytes >= MOST_BYTES:
        yield f"more than {MOST_BYTES // 10**6} MB"


def kept(bench, gateway, case):
    """Runs a case in a fresh process, and tells how it went."""
    with gateway.start(bench.place, bench.mock, bench.first) as running:
        told, peak_bytes = bench.load(gateway, running, case), running.peak_kib() * 1024
    at_once = seen_by(bench.mock)["models"][case.upstream]["max_in_flight"]
    wrong = list(broken(told, at_once, peak_bytes))
    figures = f"{told['right']} of {told['sent']} streams right, {at_once} at once, {peak_bytes / 1e6:.1f} MB"
    print(f"{case.name}: {figures}: {'; '.join(wrong) or 'as promised'}", flush=True)
    return not wrong


def main():
    asked = command_line(__doc__).parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    place, known = Place(ROOT / ".local/promise", workers=CORES), {case.name: case for case in cases()}
    many, claude = known["many"], known["translated"]
    translated = replace(many, name="many, translated", provider=claude.provider, model=claude.model)
    wanted = [many, translated]
    gateway = Lockgate(place.copied(asked.binary, "lockgate"), [known["chat"], *wanted])
    with place.mock(place.copied(asked.binary, "lockgate-mock")) as mock:
        bench = Bench(place, mock, place.copied(asked.runner, "load"), gateway.cases, [case.name for case in wanted])
        return int(not all([kept(bench, gateway, case) for case in wanted]))


if __name__ == "__main__":
    sys.exit(main())
