#!/usr/bin/env python3
"""Does what README tells a newcomer to do first: `make run` without any configuration, and the first call. Then looks at
what somebody is told who lacks what it takes to build.

But for the port, which the system picks, both are done as README says. The environment is a newcomer's: no provider's
key, no Ollama, no books of an earlier run.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from sdk import ROOT, fresh_folder, server

README = "http://127.0.0.1:4000"
# What cargo may look at. More would be no newcomer's environment, and less could make it build everything again.
KEPT = re.compile(r"PATH|HOME|CC|CFLAGS|(CARGO|RUST).*")
# What the scripts call before they know what is missing.
BASICS = ["bash", "cut", "dirname", "env", "head", "id", "sed", "sort"]
RUST = ["cargo", "rustc"]


def first_call():
    """The command in README, whole."""
    found = re.search(rf"^(curl {README}/.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    return found[1] if found else sys.exit(f"README has no call of {README} any more")


def is_answered(folder, env):
    """Whether the first call is answered by what `make run` starts."""
    with socket.socket() as nobody:
        # Bound and not listening: there is no Ollama, wherever this runs.
        nobody.bind(("127.0.0.1", 0))
        ours = {"OLLAMA_HOST": "127.0.0.1:%d" % nobody.getsockname()[1], "XDG_STATE_HOME": str(folder / "state")}
        env = env | ours
        command = ["make", "--no-print-directory", "-C", ROOT, "run", "ARGS=--port 0"]
        with server("make-run", command, folder, env) as base:
            command = ["bash", "-c", first_call().replace(README, base)]
            told = subprocess.run(command, env=env, capture_output=True, text=True, timeout=30).stdout
    try:
        said = json.loads(told)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError):
        said = None
    print(f"make run: the first call is answered: {said}" if said else f"make run: no answer to the first call: {told}")
    return bool(said)


def is_told(missing, present, folder, env):
    """Whether `make run` names what is missing, when only these commands are there."""
    commands = folder / f"without-{missing}"
    commands.mkdir()
    for name in present:
        (commands / name).symlink_to(shutil.which(name))
    done = subprocess.run([ROOT / "tools/run.sh"], env=env | {"PATH": commands}, capture_output=True, text=True)
    told = done.returncode != 0 and re.search(rf"^setup: missing: .*\b{missing}\b", done.stderr, re.M)
    print(f"make run without {missing}: {done.stderr.strip()}")
    return bool(told)


def main():
    folder = fresh_folder("first-call")
    env = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
    return int(
        not all([
            is_answered(folder, env),
            is_told("cargo", [*BASICS, "cc"], folder, env),
            is_told("cc", [*BASICS, *RUST], folder, env),
        ])
    )


if __name__ == "__main__":
    sys.exit(main())
