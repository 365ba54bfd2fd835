"""Where things run: a folder for what processes write, the cores they are pinned to, and the processes themselves, each
ended by its own id."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

KEY = "sk-bench-master"
PATH = "/v1/chat/completions"
READY = re.compile(rb"listening on http://([\d.]+):(\d+)")
START_S = 20
END_S = 10
# Open files of one process: two for each of the most streams, and some to spare.
FILES = 10_000


class Running:
    """A server that answers."""

    def __init__(self, address, process=None, startup_ms=None):
        self.address, self.process, self.startup_ms = address, process, startup_ms

    def pids(self):
        """Its process and all that descend from it: nginx serves from children."""
        if self.process is None:
            return []
        parents = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue  # gone meanwhile
        found = [self.process.pid]
        for pid in found:
            found.extend(child for child, parent in parents.items() if parent == pid)
        return found

    def memory_kib(self):
        """Proportional memory: pages that its processes share count once. `None` for what is not of a target."""
        if self.process is None:
            return None
        return self.kib("smaps_rollup", "Pss")

    def peak_kib(self):
        """The most resident memory it ever had, as the kernel remembers it."""
        return self.kib("status", "VmHWM")

    def kib(self, file, line):
        """The sum of a line of a file in /proc over its processes."""
        texts = (Path(f"/proc/{pid}/{file}").read_text() for pid in self.pids())
        return sum(int(re.search(rf"^{line}:\s+(\d+) kB", text, re.M)[1]) for text in texts)


class Place:
    """Gateways get a core of their own, if they are to have one worker and there are two cores."""

    def __init__(self, folder, workers):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.folder, self.workers = folder, workers
        # So that servers are ended, too, when this is.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        # Inherited by all that is started here.
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        if most != resource.RLIM_INFINITY and most < FILES:
            raise SystemExit(f"{most} open files are too few: {FILES} are needed, see ulimit -Hn")
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, most))
        cores = sorted(os.sched_getaffinity(0))
        pin = workers == 1 and len(cores) > 1
        self.gateway_core = cores[0] if pin else None
        self.mock_core = cores[1] if pin else None
        self.load_core = cores[min(2, len(cores) - 1)] if pin else None

    def copied(self, binary, name):
        """A copy with pages of its own. Nobody rebuilds it meanwhile, and what it shares with its like counts in full."""
        if not binary.exists():
            raise SystemExit(f"{binary} is missing: cargo build --release --bin lockgate --bin load")
        return Path(shutil.copy2(binary, self.folder / name))

    def pinning(self):
        if self.gateway_core is None:
            return "nothing is pinned to a core"
        return f"gateways on core {self.gateway_core}, mock on core {self.mock_core}, load on core {self.load_core}"

    def pinned(self, command, core):
        return command if core is None else ["taskset", "-c", str(core), *command]

    @contextmanager
    def process(self, name, command, core, env=None, **more):
        """A process with a log in the folder. Its environment holds nothing that could change what it does."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder)} | (env or {})
        with open(self.folder / f"{name}.log", "ab") as log:
            more = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "cwd": self.folder, "env": env} | more
            process = subprocess.Popen(self.pinned(command, core), **more)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(END_S)

    @contextmanager
    def announced(self, name, command, core):
        """A server of ours, with its address: it takes a free port and says which."""
        with self.process(name, command, core, stdout=subprocess.PIPE) as process:
            found, done = [], threading.Event()

            def read():
                for line in process.stdout:
                    if (ready := READY.search(line)) and not found:
                        found.append((ready[1].decode(), int(ready[2])))
                        done.set()
                done.set()

            threading.Thread(target=read, daemon=True).start()
            done.wait(START_S)
            if not found:
                raise SystemExit(f"{name} did not say within {START_S} s where it listens; see {name}.log")
            yield found[0], process

    @contextmanager
    def mock(self, binary):
        """The mock provider, with all that costs time switched off."""
        command = [binary, "mock", "--port", "0", "--no-record", "--no-check"]
        with self.announced("mock", command, self.mock_core) as (address, process):
            yield Running(address, process)


def post(address, body, headers=None):
    """Asks for chat: the body of the answer, if it is one of status 200."""
    sent = {"content-type": "application/json", "authorization": f"Bearer {KEY}"} | (headers or {})
    return ask(address, "POST", PATH, body, sent)


def seen_by(mock):
    """How busy the mock was so far: model calls in `total`, and by model in `models`."""
    return json.loads(ask(mock.address, "GET", "/mock/stats"))


def ask(address, method, path, body=None, headers=None):
    connection = HTTPConnection(*address, timeout=START_S)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        return text if answer.status == 200 else None
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
