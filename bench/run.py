#!/usr/bin/env python3
"""Measures Lockgate beside nginx and the bare mock provider, and prints a Markdown table: see docs/performance.md.

Every answer is checked; wrong ones are told below the table and make the run fail. Raw results go to bench/results.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from cases import cases, text_of
from place import KEY, PATH, Place, post, seen_by
from table import complaints, disturbance, figure, markdown
from targets import Direct, LiteLlm, Lockgate, Nginx, joined

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".local/bench"
LITELLM = ROOT / ".local/venv-litellm/bin/litellm"
LOAD_S = 60
# Percent of disturbance up to which figures are to be relied upon.
QUIET = 5


class Bench:
    """One run: the place, the mock, the cases, and the answers they must get."""

    def __init__(self, place, mock, runner, all_cases, only):
        self.place, self.mock, self.runner = place, mock, runner
        self.wanted = [case for case in all_cases if only is None or case.name in only]
        self.chat = next(case for case in all_cases if case.name == "chat")
        self.expected = {case.name: self.ask_mock(case) for case in self.wanted}

    def ask_mock(self, case):
        """The mock's whole answer and its text, without the waits between the chunks."""
        answer = post(self.mock.address, case.body(case.upstream), {"x-mock": "chunk_ms=0"})
        if answer is None:
            raise SystemExit(f"the mock does not answer {case.name}")
        return {"body": answer, "text": text_of(answer, case.stream)}

    def first(self, target, address, limit_s):
        """Waits for a target's first right answer."""
        body, end = self.chat.body(target.model(self.chat)), time.monotonic() + limit_s
        while post(address, body) is None:
            if time.monotonic() > end:
                raise SystemExit(f"{target.name} did not answer within {limit_s} s; see its log in {FOLDER}")
            time.sleep(0.001)

    def measure(self, target):
        """Starts a target, and runs all cases that are for it."""
        with target.start(self.place, self.mock, self.first) as running:
            run = {"startup_ms": running.startup_ms, "idle_kib": running.memory_kib(), "cases": {}}
            for case in self.wanted:
                if case.provider == "openai" or target.translates:
                    run["cases"][case.name] = self.load(target, running, case)
            run["after_kib"] = running.memory_kib()
        return run

    def load(self, target, running, case, key=KEY):
        """What the load runner has to say about one case, asked with this key."""
        form = "body" if target.verbatim and case.provider == "openai" else "text"
        watch = {"mock": self.mock.pids()} | ({"target": running.pids()} if running.process else {})
        plan = {
            "address": joined(running.address),
            "path": PATH,
            "headers": {"authorization": f"Bearer {key}"},
            "body": case.body(target.model(case)),
            "expect": {form: self.expected[case.name][form]},
            "shape": case.shape(target.share),
            "watch": watch,
        }
        command, before = self.place.pinned([self.runner], self.place.load_core), seen_by(self.mock)["total"]
        done = subprocess.run(command, input=json.dumps(plan), capture_output=True, text=True, timeout=LOAD_S)
        if done.returncode:
            raise SystemExit(f"{target.name}, {case.name}: {done.stderr.strip()}")
        return json.loads(done.stdout) | {"reached_mock": seen_by(self.mock)["total"] - before}


def machine():
    """What it is that these figures are from. Empty where the system does not say."""
    found = {"cores": os.cpu_count(), "kernel": platform.release()}
    with suppress(OSError):
        found["processor"] = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())[1]
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, cwd=ROOT)
    return found | {"commit": commit.stdout.strip()}


def measured(asked):
    """All results of a run, raw."""
    place, all_cases = Place(FOLDER, asked.workers), cases(asked.scale)
    targets = [Direct(), Nginx(), Lockgate(place.copied(asked.binary, "lockgate"), all_cases, asked.database)]
    targets += [LiteLlm(LITELLM, all_cases)] if asked.litellm and LITELLM.exists() else []
    targets = [target for target in targets if asked.only is None or target.name in ["direct", *asked.only]]
    results = {"machine": machine(), "workers": asked.workers, "scale": asked.scale, "pinning": place.pinning()}
    results["database"] = asked.database
    results["missing"] = ["litellm"] if asked.litellm and not LITELLM.exists() else []
    results["versions"] = {target.name: target.version() for target in targets}
    runs = {target.name: [] for target in targets}
    with place.mock(place.copied(asked.binary, "lockgate-mock")) as mock:
        bench = Bench(place, mock, place.copied(asked.runner, "load"), all_cases, asked.cases)
        # In turn rather than one after the other: what the machine does besides hits all alike.
        for repeat in range(1, asked.repeats + 1):
            for target in targets:
                print(f"{repeat} of {asked.repeats}: {target.name}", file=sys.stderr)
                runs[target.name].append(bench.measure(target))
    return results | {"runs": runs}


def head(results):
    """What the table is of."""
    machine, repeats = results["machine"], len(results["runs"]["direct"])
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items() if version)
    lines = [
        f"Commit {machine['commit']}; {versions}; {machine.get('processor', 'unknown processor')}, "
        f"{machine['cores']} cores, Linux {machine['kernel']}.",
        f"Workers: {results['workers']}; {results['pinning']}. Medians of {repeats} repeats.",
    ]
    if LiteLlm.name in results["runs"]:
        share = f"{LiteLlm.share:.0%} of the streams: 80 instead of 2,000, 40 instead of 1,000"
        lines.append(f"{LiteLlm.name} gets {share}.")
    if results["missing"]:
        lines.append(f"Could not be installed, so it is not here: {', '.join(results['missing'])}.")
    # A gateway of several threads waits for itself as well. nginx has one, on the same core in turn with all others.
    if (figure(results["runs"], Nginx.name, disturbance) or 0) > QUIET:
        lines.append("Not to be relied upon: something else used the gateways' core meanwhile.")
    return "\n".join(lines)


def command_line(description):
    """What every script here takes: what is to be measured, and by what."""
    built = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
    asked = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--binary", type=Path, default=built / "lockgate")
    asked.add_argument("--runner", type=Path, default=built / "load", help="the load runner")
    return asked


def options():
    asked = command_line(__doc__)
    asked.add_argument("--repeats", type=int, default=3)
    asked.add_argument("--scale", type=float, default=1.0, help="of the lengths of all measurements")
    asked.add_argument("--workers", type=int, default=1, help="of every gateway; more than one are not pinned")
    asked.add_argument("--only", nargs="+", help="of nginx, lockgate, litellm; the bare mock is always there")
    asked.add_argument("--cases", nargs="+", help="of those in bench/cases.py; the rest of the table stays empty")
    asked.add_argument("--database", help="of Lockgate: a database_url, or none to keep no books")
    asked.add_argument("--litellm", action="store_true", help="as well; see make bench-peers")
    asked.add_argument("--out", type=Path, help="raw results; by default a new file in bench/results")
    return asked.parse_args()


def main():
    asked = options()
    results = measured(asked)
    out = asked.out or ROOT / time.strftime("bench/results/run-%Y%m%d-%H%M%S.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=1) + "\n")
    print(head(results), markdown(results["runs"]), sep="\n\n")
    wrong = list(complaints(results["runs"]))
    if wrong:
        print("\nNot as it should be:\n", *(f"- {line}" for _, line in wrong), sep="\n")
    # What a peer cannot do is a finding; what we cannot do is a failure.
    return int(any(name != LiteLlm.name for name, _ in wrong))


if __name__ == "__main__":
    sys.exit(main())
