#!/usr/bin/env python3
"""Measures what keys, budgets, limits and the durable ledger cost: the same release with all of them and with none, in
turn, as fast as two cores let it. Prints a table for each size of call, and fails when less than three quarters of the
usual calls are served, half of which are streams.

Load runner, mock provider and a gateway of two workers share the cores, and nothing is pinned: whatever the books cost,
on whichever thread, is missing elsewhere. What is put off is not saved: what is booked only after the load is waited
for, and its processor time is taken off the throughput as if it had been spent meanwhile.
"""

import json
import os
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median

from cases import cases
from place import KEY, Place, ask
from run import ROOT, Bench, command_line
from table import complaint, shown
from targets import Lockgate

# As many callers as keep both cores at work, although each call waits for the disk at its end.
CORES, CONNECTIONS = 2, 256
# Of the throughput without books, what must be left with them.
LEAST = 0.75
# The median conversation in Azure's public trace of language models' calls (Splitwise, ISCA 2024): 1,020 tokens in, 129
# out. At four bytes a token; a stream has a chunk for each.
USUAL = {"plain": ("answer_bytes=516", False), "streamed": ("chunks=129,chunk_bytes=4", True)}
USUAL_PROMPT_BYTES = 4080
# How long the books may be behind when the load ends, seconds.
BEHIND_S = 60
PRICES = {"input_cost_per_token": 0.000001, "output_cost_per_token": 0.000002}
# More than any run asks for; but everything is counted, held and compared.
LIMITS = {"max_budget": 1_000_000, "budget_duration": "30d", "rpm_limit": 10**9, "tpm_limit": 10**12}
THREADS = {"worker": "workers", "syncer": "disk", "sqlx-s": "database"}


class Without(Lockgate):
    """No books, and no key but the master key."""

    name = "none"
    model_info = PRICES

    def key(self, address):
        return KEY

    def booked(self, place):
        """How many calls are in the books; `None` if there are no books."""


class With(Without):
    """A key with a team, all limits for both, and the default ledger: a SQLite file, by way of the spool."""

    name = "all on"
    settings = []

    def key(self, address):
        team = made(address, "/team/new", {"team_alias": "bench", "max_parallel_requests": 10**6, **LIMITS})
        wanted = {"team_id": team["team_id"], "key_alias": "bench", "max_parallel_requests": 10**6, **LIMITS}
        return made(address, "/key/generate", wanted)["key"]

    def booked(self, place):
        with closing(sqlite3.connect(f"file:{place.folder}/lockgate.db?mode=ro", uri=True)) as books:
            return books.execute("SELECT COUNT(*) FROM lockgate_ledger").fetchone()[0]


def made(address, path, wanted):
    headers = {"content-type": "application/json", "authorization": f"Bearer {KEY}"}
    answer = ask(address, "POST", path, json.dumps(wanted), headers)
    if answer is None:
        raise SystemExit(f"{path} was refused")
    return json.loads(answer)


def cpu_us(pid):
    """Processor time of each kind of thread so far, in microseconds."""
    found = Counter()
    for task in Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text()
        kind = next((kind for begin, kind in THREADS.items() if name.startswith(begin)), "rest")
        found[kind] += int((task / "schedstat").read_text().split()[0]) / 1000
    return found


def sizes(seconds, connections):
    """The calls: the usual ones, and the smallest of `make bench`, of which the books are the greatest part."""
    smallest = next(case for case in cases() if case.name == "chat")
    smallest = replace(smallest, connections=connections, seconds=seconds)
    for name, (knobs, stream) in USUAL.items():
        yield replace(smallest, name=name, knobs=knobs, stream=stream, prompt_bytes=USUAL_PROMPT_BYTES)
    yield smallest


def measured(bench, target, case):
    """One run of a fresh process with fresh books."""
    for file in bench.place.folder.glob("lockgate.db*"):
        file.unlink()
    with target.start(bench.place, bench.mock, bench.first) as running:
        pid, key = running.process.pid, target.key(running.address)
        before, asked = cpu_us(pid), target.booked(bench.place)
        told = bench.load(target, running, case, key)
        ended, meanwhile = time.monotonic(), cpu_us(pid)
        while asked is not None and target.booked(bench.place) < asked + told["sent"]:
            if time.monotonic() > ended + BEHIND_S:
                raise SystemExit(f"{target.booked(bench.place) - asked} of {told['sent']} calls were booked")
            time.sleep(0.05)
        behind = time.monotonic() - ended
        spent = cpu_us(pid)
    later_us = (spent.total() - meanwhile.total()) / told["sent"]
    spent.subtract(before)
    threads = {kind: us / told["sent"] for kind, us in spent.items()}
    rate, latency = told["answers_per_second"], told["latency"]
    return {
        "rate": rate,
        # Each request takes as much more of the cores as was put off.
        "whole": 1 / (1 / rate + later_us / 1e6 / CORES),
        "behind": behind,
        "cpu": sum(threads.values()),
        "threads": threads,
        "p50": latency["p50_us"],
        "p99": latency["p99_us"],
        "wrong": complaint(told),
    }


def markdown(none, all_on):
    """The table: medians of the repeats."""
    rows = [
        ("Requests per second under load", lambda run: run["rate"]),
        ("The same, less what was put off", lambda run: run["whole"]),
        ("Booked after the load, s", lambda run: run["behind"]),
        ("CPU per request, µs", lambda run: run["cpu"]),
        *((f"&nbsp; {kind}", lambda run, kind=kind: run["threads"].get(kind, 0)) for kind in [*THREADS.values(), "rest"]),
        ("Latency under this load, p50, µs", lambda run: run["p50"]),
        ("Latency under this load, p99, µs", lambda run: run["p99"]),
    ]
    lines = [["", "none", "all on", "all on / none"], ["---", "---:", "---:", "---:"]]
    for label, value in rows:
        one, other = median(map(value, none)), median(map(value, all_on))
        lines.append([label, shown(one), shown(other), shown(other / one) if one else "–"])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def per_second(runs, case):
    """Calls of one kind, less what was put off."""
    return median(run["whole"] for run in runs[case])


def usual_per_second(runs):
    """Calls when as many are streamed as not."""
    return len(USUAL) / sum(1 / per_second(runs, case) for case in USUAL)


def verdict(none, all_on):
    """What is not as it should be, if anything."""
    yield from (run["wrong"] for runs in (none, all_on) for case in runs.values() for run in case if run["wrong"])
    ratio = usual_per_second(all_on) / usual_per_second(none)
    if ratio < LEAST:
        yield f"{ratio:.0%} of the throughput without books"


def main():
    asked = command_line(__doc__)
    asked.add_argument("--repeats", type=int, default=5)
    asked.add_argument("--seconds", type=float, default=3, help="of each measurement")
    asked.add_argument("--connections", type=int, default=CONNECTIONS)
    asked.add_argument("--cases", nargs="+", help="of plain, streamed and chat; all of them by default")
    asked = asked.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    place, all_cases = Place(ROOT / ".local/books", workers=CORES), list(sizes(asked.seconds, asked.connections))
    binary = place.copied(asked.binary, "lockgate")
    targets = Without(binary, all_cases), With(binary, all_cases)
    runs = {target.name: {case.name: [] for case in all_cases} for target in targets}
    with place.mock(place.copied(asked.binary, "lockgate-mock")) as mock:
        bench = Bench(place, mock, place.copied(asked.runner, "load"), all_cases, asked.cases)
        for repeat in range(asked.repeats):
            for case in bench.wanted:
                # In turn, and each of them first as often as second: what the machine does besides hits both alike.
                for target in targets if repeat % 2 else targets[::-1]:
                    told = measured(bench, target, case)
                    runs[target.name][case.name].append(told)
                    print(f"{repeat + 1} of {asked.repeats}: {case.name}, {target.name}: {told['rate']:,.0f}/s", file=sys.stderr)
    none, all_on = runs.values()
    for case in bench.wanted:
        print(f"\n{case.name}\n\n{markdown(none[case.name], all_on[case.name])}")
    if asked.cases:
        return 0
    print(f"\nusual calls per second, half of them streamed: {usual_per_second(none):,.0f} and {usual_per_second(all_on):,.0f}")
    wrong = list(verdict(none, all_on))
    print(f"\nFAIL: {'; '.join(wrong)}" if wrong else f"\nPASS: at least {LEAST:.0%} of the throughput without books")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
