#!/usr/bin/env python3
"""Measures what keys, budgets, limits and the durable ledger cost: the same release with all of them and with none, in
turn, as fast as two cores let it. Prints a table, and fails when it does less than three quarters of the work.

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

CORES, CONNECTIONS = 2, 64
# Of the throughput without books, what must be left with them.
LEAST = 0.75
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


def verdict(none, all_on):
    """What is not as it should be, if anything."""
    yield from (run["wrong"] for run in none + all_on if run["wrong"])
    ratio = median(run["whole"] for run in all_on) / median(run["whole"] for run in none)
    if ratio < LEAST:
        yield f"{ratio:.0%} of the throughput without books"


def main():
    asked = command_line(__doc__)
    asked.add_argument("--repeats", type=int, default=5)
    asked.add_argument("--seconds", type=float, default=5, help="of each measurement")
    asked.add_argument("--connections", type=int, default=CONNECTIONS)
    asked = asked.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    place, chat = Place(ROOT / ".local/books", workers=CORES), next(case for case in cases() if case.name == "chat")
    case = replace(chat, connections=asked.connections, seconds=asked.seconds)
    binary = place.copied(asked.binary, "lockgate")
    targets = Without(binary, [case]), With(binary, [case])
    runs = {target.name: [] for target in targets}
    with place.mock(place.copied(asked.binary, "lockgate-mock")) as mock:
        bench = Bench(place, mock, place.copied(asked.runner, "load"), [case], None)
        for repeat in range(asked.repeats):
            # In turn, and each of them first as often as second: what the machine does besides hits both alike.
            for target in targets if repeat % 2 else targets[::-1]:
                runs[target.name].append(measured(bench, target, case))
                told = runs[target.name][-1]
                print(f"{repeat + 1} of {asked.repeats}: {target.name}: {told['rate']:,.0f}/s", file=sys.stderr)
    none, all_on = runs.values()
    print(markdown(none, all_on))
    wrong = list(verdict(none, all_on))
    print(f"\nFAIL: {'; '.join(wrong)}" if wrong else f"\nPASS: at least {LEAST:.0%} of the throughput without books")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
