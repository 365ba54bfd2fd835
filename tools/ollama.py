#!/usr/bin/env python3
"""Runs tests/ollama: a real Ollama with a model that is made here, a gateway in front of it, the OpenAI SDK in front of that.

Ollama is the one on the path, else the one that tools/setup.sh has built. Everything it keeps and says is in
.local/ollama-run. Arguments go to pytest.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from sdk import ROOT, built, fresh_folder, server  # noqa: E402

sys.path.insert(0, str(ROOT / "tests/ollama"))
import tiny_model  # noqa: E402

LISTENING = re.compile(r"Listening on (127\.0\.0\.1:\d+)")
READY_S = 60
MASTER_KEY = "sk-ollama-tests"


def ollama_binary():
    found = shutil.which("ollama") or str(ROOT / ".local/ollama/bin/ollama")
    return found if Path(found).exists() else sys.exit("there is no Ollama: make test-ollama installs one")


@contextmanager
def ollama(folder):
    """Starts Ollama on a port that the system picks, with a home of its own, and yields its address."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "OLLAMA_HOST": "127.0.0.1:0", "OLLAMA_NO_CLOUD": "1"}
    process = subprocess.Popen([ollama_binary(), "serve"], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found, done = [], threading.Event()

    def read():
        with open(folder / "ollama.log", "w") as log:
            for line in process.stdout:
                log.write(line)
                log.flush()
                if not found and (listening := LISTENING.search(line)):
                    found.append(listening[1])
                    done.set()
        done.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        done.wait(READY_S)
        yield found[0] if found else sys.exit(f"Ollama does not listen: see {folder}/ollama.log")
    finally:
        process.terminate()
        process.wait(30)
        reader.join()


def create(address, folder):
    """Gives Ollama the model."""
    tiny_model.write(folder / "tiny.gguf")
    modelfile = folder / "Modelfile"
    modelfile.write_text(f'FROM ./tiny.gguf\nTEMPLATE """{tiny_model.TEMPLATE}"""\nPARAMETER temperature 0\n')
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "OLLAMA_HOST": address}
    subprocess.run([ollama_binary(), "create", "tiny", "-f", modelfile], env=env, check=True, capture_output=True)


def write_config(path, address):
    models = {"tiny": "ollama/tiny", "missing": "ollama/not-there"}
    lines = ["model_list:"]
    for name, model in models.items():
        params = f"{{model: {model}, api_base: 'http://{address}', num_ctx: 4096}}"
        lines += [f"  - model_name: {name}", f"    litellm_params: {params}"]
    lines += ["router_settings: {num_retries: 0}", f"general_settings: {{master_key: {MASTER_KEY}}}"]
    path.write_text("\n".join(lines) + "\n")


def main():
    folder = fresh_folder("ollama-run")
    subprocess.run(["cargo", "build", "--quiet", "--locked", "--bin", "lockgate"], cwd=ROOT, check=True)
    with ollama(folder) as address:
        create(address, folder)
        write_config(folder / "config.yaml", address)
        gateway = [built().resolve(), "--config", "config.yaml", "--host", "127.0.0.1", "--port", "0"]
        with server("gateway", gateway, folder) as base:
            session = {"base": base, "key": MASTER_KEY, "ollama": f"http://{address}"}
            env = os.environ | {"LOCKGATE_OLLAMA": json.dumps(session)}
            command = [sys.executable, "-m", "pytest", "tests/ollama", *sys.argv[1:]]
            return subprocess.run(command, cwd=ROOT, env=env).returncode


if __name__ == "__main__":
    sys.exit(main())
