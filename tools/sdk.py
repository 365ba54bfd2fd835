#!/usr/bin/env python3
"""Runs the SDK suites against the real binary: a mock provider, a gateway in front of it, the suites in front of that.

tests/sdk/backs.json says which backs there are; the suites get what they need in LOCKGATE_SDK. Both servers run with an
empty environment, on ports that the system picks, in .local/sdk, where what they said can be read afterwards.
Arguments after `--` go to the runner.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READY = re.compile(rb"listening on (http://[\w.:\[\]]+)")
READY_S = 30
# Moods whose models a back names itself.
OWN = ("embed", "signed", "guard", "ranker", "painter", "voice", "ear", "talk")
# Libraries that would ask the network for something, and need not.
QUIET = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LANGSMITH_TRACING": "false", "DO_NOT_TRACK": "1"}
FRAMEWORKS = "tests/sdk/python/frameworks"
RUNNERS = {
    "python": lambda more: [sys.executable, "-m", "pytest", "tests/sdk/python", f"--ignore={FRAMEWORKS}", *more],
    # They pin SDKs older than those above, so that they live in an environment of their own.
    "frameworks": lambda more: [".local/venv-frameworks/bin/python", "-m", "pytest", FRAMEWORKS, *more],
    "node": lambda more: ["node", "--test", *more, *sorted(map(str, Path("tests/sdk/node").glob("*.test.mjs")))],
}


def fresh_folder(name):
    """An empty folder for what servers write; it stays when they are gone, for whoever wants to know what they said."""
    folder = ROOT / ".local" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@contextmanager
def server(name, command, folder, env=None):
    """Starts a server of ours and yields its address, as soon as it says that it listens."""
    env = env or {"PATH": os.environ["PATH"], "HOME": str(folder), "RUST_BACKTRACE": "1"}
    found, done = [], threading.Event()
    with open(folder / f"{name}.log", "wb", buffering=0) as log:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=log)

        def read():
            for line in process.stdout:
                log.write(line)
                if ready := READY.search(line):
                    found.append(ready[1].decode())
                    done.set()
            done.set()

        reader = threading.Thread(target=read)
        reader.start()
        try:
            done.wait(READY_S)
            if not found:
                said = Path(log.name).read_text(errors="replace")
                sys.exit(f"{name} did not say where it listens (waited {READY_S} s at most). It said:\n{said}")
            yield found[0]
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            finally:
                reader.join()


def models(facts, moods):
    """What a back's models are called upstream, by mood."""
    named = {"chat": facts["model"]} | {mood: f"{facts['model']}@{knobs}" for mood, knobs in moods.items()}
    return named | {mood: facts[mood] for mood in OWN if mood in facts}


def alias(back, mood):
    return back if mood == "chat" else f"{back}.{mood}"


def write_config(path, plan, mock):
    """One model name per back and mood, as an operator would write it."""
    lines = ["model_list:"]
    for back, facts in plan["backs"].items():
        for mood, upstream in models(facts, plan["moods"]).items():
            lines += [
                f"  - model_name: {alias(back, mood)}",
                "    litellm_params:",
                f"      model: {json.dumps(upstream)}",
                f"      api_base: {mock}{facts['base']}",
            ]
            params = facts.get("params", {"api_key": plan["upstream_key"]})
            params = params | ({} if mood in OWN else plan["prices"])
            lines += [f"      {name}: {json.dumps(value)}" for name, value in params.items()]
    lines += [
        "router_settings:",
        "  num_retries: 0  # a fault must reach the caller, so that the suites see how it is told",
        "  disable_cooldowns: true",
        "general_settings:",
        f"  master_key: {plan['master_key']}",
    ]
    path.write_text("\n".join(lines) + "\n")


def session(plan, base, mock):
    """What the suites are told. Without a gateway each talks to the mock, in the one dialect that it speaks."""
    direct = base == mock
    backs = {
        back: {
            "can": facts["can"] + [mood for mood in OWN if mood in facts],
            "models": {
                mood: upstream.split("/", 1)[1] if direct else alias(back, mood)
                for mood, upstream in models(facts, plan["moods"]).items()
            },
        }
        for back, facts in plan["backs"].items()
    }
    keys = {"key": plan["master_key"], "upstream_key": plan["upstream_key"]}
    keys["aws"] = plan["backs"]["bedrock-back"]["params"]
    azure = plan["backs"]["azure-back"]
    keys["azure"] = azure["params"] | {name: azure[of].split("/")[1] for name, of in (("deployment", "model"), ("embed", "embed"))}
    return keys | {"base": base, "mock": mock, "direct": direct, "backs": backs}


def run(suites, told, more):
    """Runs the suites side by side; what each says comes whole, in their order."""
    env = os.environ | QUIET | {"LOCKGATE_SDK": json.dumps(told), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    if len(suites) == 1:
        return subprocess.run(RUNNERS[suites[0]](more), env=env).returncode
    said = {suite: open(ROOT / ".local/sdk" / f"{suite}.log", "w+b") for suite in suites}
    running = {
        suite: subprocess.Popen(RUNNERS[suite](more), env=env, stdout=log, stderr=subprocess.STDOUT)
        for suite, log in said.items()
    }
    codes = {suite: process.wait() for suite, process in running.items()}
    for suite, log in said.items():
        log.seek(0)
        print(f"== {suite}", flush=True)
        shutil.copyfileobj(log, sys.stdout.buffer)
        sys.stdout.flush()
        log.close()
    return max(map(abs, codes.values()))


def built():
    """The binary, where cargo puts it."""
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "lockgate"


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("suite", nargs="?", choices=RUNNERS, help="default: all")
    asked.add_argument("--binary", type=Path, default=built())
    asked.add_argument("--direct", action="store_true", help="leave the gateway out, to test the suites and the mock")
    asked.add_argument("more", nargs="*", help="further arguments for the runner")
    asked = asked.parse_args()
    plan = json.loads((ROOT / "tests/sdk/backs.json").read_text())
    binary = asked.binary.resolve()
    os.chdir(ROOT)
    folder = fresh_folder("sdk")
    suites = [asked.suite] if asked.suite else list(RUNNERS)
    with server("mock", [binary, "mock", "--port", "0"], folder) as mock:
        if asked.direct:
            return run(suites, session(plan, mock, mock), asked.more)
        config = folder / "config.yaml"
        write_config(config, plan, mock)
        with server("gateway", [binary, "--config", config, "--host", "127.0.0.1", "--port", "0"], folder) as base:
            return run(suites, session(plan, base, mock), asked.more)


if __name__ == "__main__":
    sys.exit(main())
