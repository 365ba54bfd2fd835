#!/usr/bin/env python3
"""Measures what an answer costs that is given again: the same release with the cache and without it, in turn, on a core of
its own, and the bare mock. Prints a table for each kind of call, and fails when a hit takes more than 60 µs of processor time,
or 1 ms more than the mock at the 99th percentile under load, or when the mock was asked again."""

import sys
from dataclasses import replace
from statistics import median

from cases import cases
from place import Place
from run import ROOT, Bench, command_line
from table import complaint, shown
from targets import Direct, Lockgate

# Calls at a time under load: what one core answers without a line before it.
CONNECTIONS = 4
# The median conversation in Azure's public trace of language models' calls: see books.py.
USUAL = {"plain": ("answer_bytes=516", False), "streamed": ("chunks=129,chunk_bytes=4", True)}
PROMPT_BYTES = 4080
MOST_CPU_US, MOST_P99_US = 60, 1000


class Anew(Lockgate):
    """Every call goes to the provider."""

    name = "anew"


class Again(Lockgate):
    """Every call but the first one is a hit."""

    name = "again"

    def config(self, mock):
        return super().config(mock) + "litellm_settings:\n  cache: true\n  cache_params: {type: local, ttl: 3600}\n"


def sizes(seconds):
    one = next(case for case in cases() if case.name == "chat")
    one = replace(one, seconds=seconds, connections=CONNECTIONS)
    yield one
    for name, (knobs, stream) in USUAL.items():
        yield replace(one, name=name, knobs=knobs, stream=stream, prompt_bytes=PROMPT_BYTES)


def measured(bench, target, case):
    with target.start(bench.place, bench.mock, bench.first) as running:
        told = bench.load(target, running, case)
    cost, latency = told["cost"].get("target"), told["latency"]
    if isinstance(target, Again):
        # That nobody asks the mock is what it is for.
        reached, told["reached_mock"] = told["reached_mock"], told["sent"]
    else:
        reached = 0
    return {
        "rate": told["answers_per_second"],
        "cpu": cost["cpu_ms"] * 1000 / told["answers"] if cost else None,
        "p50": latency["p50_us"],
        "p99": latency["p99_us"],
        "reached": reached,
        "wrong": complaint(told),
    }


def middle(runs, name):
    found = [run[name] for run in runs]
    return None if None in found else median(found)


def markdown(direct, anew, again):
    rows = [("Requests per second", "rate"), ("CPU per request, µs", "cpu"), ("p50, µs", "p50"), ("p99, µs", "p99")]
    lines = [["", "the mock", "anew", "again", "again / anew"], ["---", *["---:"] * 4]]
    for label, name in rows:
        found = [middle(runs, name) for runs in (direct, anew, again)]
        lines.append([label, *map(shown, found), shown(found[2] / found[1]) if found[1] else "–"])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def verdict(direct, anew, again):
    for case, runs in again.items():
        yield from (run["wrong"] for run in [*runs, *anew[case]] if run["wrong"])
        cpu, p99 = middle(runs, "cpu"), middle(runs, "p99") - middle(direct[case], "p99")
        if cpu > MOST_CPU_US:
            yield f"{case}: {cpu:.0f} µs of processor time"
        if p99 > MOST_P99_US:
            yield f"{case}: {p99:.0f} µs more than the mock at p99"
        # As many calls as there are connections may ask before the first answer is there.
        if max(run["reached"] for run in runs) > CONNECTIONS:
            yield f"{case}: the mock was asked again"


def main():
    asked = command_line(__doc__)
    asked.add_argument("--repeats", type=int, default=3)
    asked.add_argument("--seconds", type=float, default=3, help="of each measurement")
    asked.add_argument("--cases", nargs="+", help="of chat, plain and streamed; all of them by default")
    asked.add_argument("--database", help="a database_url, or none to keep no books")
    asked = asked.parse_args()
    place, all_cases = Place(ROOT / ".local/cache", workers=1), list(sizes(asked.seconds))
    binary = place.copied(asked.binary, "lockgate")
    targets = [Direct(), *(kind(binary, all_cases, asked.database) for kind in (Anew, Again))]
    runs = {target.name: {case.name: [] for case in all_cases} for target in targets}
    with place.mock(place.copied(asked.binary, "lockgate-mock")) as mock:
        bench = Bench(place, mock, place.copied(asked.runner, "load"), all_cases, asked.cases)
        for repeat in range(asked.repeats):
            for case in bench.wanted:
                # In turn: what the machine does besides hits both alike.
                for target in targets if repeat % 2 else targets[::-1]:
                    told = measured(bench, target, case)
                    runs[target.name][case.name].append(told)
                    print(f"{repeat + 1} of {asked.repeats}: {case.name}, {target.name}: {shown(told['cpu'])} µs", file=sys.stderr)
    direct, anew, again = ({case.name: found[case.name] for case in bench.wanted} for found in runs.values())
    for case in anew:
        print(f"\n{case}\n\n{markdown(direct[case], anew[case], again[case])}")
    wrong = list(verdict(direct, anew, again))
    print(f"\nFAIL: {'; '.join(wrong)}" if wrong else f"\nPASS: no hit takes more than {MOST_CPU_US} µs of processor time")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
