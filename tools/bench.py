#!/usr/bin/env python3
"""Chat requests per second and latency: through the gateway, through nginx as a bare proxy, and to the mock itself.

All three share this machine, so only the ratios mean something. Each target is measured several times in turn and the
median run is shown, which takes most of the machine's moods out.
"""

import argparse
import json
import os
import re
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from sdk import ROOT, fresh_folder, server

KEY = "sk-bench-master"
BODY = {"model": "demo", "messages": [{"role": "user", "content": "lorem ipsum dolor sit amet " * 20}]}
CONFIG = """\
model_list:
  - model_name: demo
    litellm_params:
      model: openai/demo
      api_base: {mock}/v1
      api_key: sk-mock
general_settings:
  master_key: {key}
"""
NGINX = """\
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
worker_processes auto;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  scgi_temp_path {folder}/nginx-scgi;
  upstream mock {{ server {mock}; keepalive 256; }}
  server {{
    listen 127.0.0.1:{port};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_buffering off;
    location / {{ proxy_pass http://mock; }}
  }}
}}
"""


@contextmanager
def nginx(folder, mock):
    """nginx in front of the mock, on a socket that it inherits already open: no port to guess, nothing to wait for."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        port = listener.getsockname()[1]
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, mock=mock.removeprefix("http://"), port=port))
        env = os.environ | {"NGINX": f"{listener.fileno()};"}
        command = ["nginx", "-e", "stderr", "-p", str(folder), "-c", str(config)]
        with open(folder / "nginx.log", "wb") as log:
            process = subprocess.Popen(command, env=env, pass_fds=[listener.fileno()], stderr=log)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def measure(base, script, seconds, connections):
    """One run: requests per second, and the milliseconds that half and 99 % of the requests stay below."""
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}",
        "--latency",
        "-s",
        script,
        f"{base}/v1/chat/completions",
    ]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if failed := re.search(r"Non-2xx.*|Socket errors.*", said):
        raise SystemExit(f"{base}: {failed[0]}")
    scale = {"us": 0.001, "ms": 1, "s": 1000}
    times = {share: float(n) * scale[unit] for share, n, unit in re.findall(r"(50|99)%\s+([\d.]+)(us|ms|s)", said)}
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]), times["50"], times["99"]


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--binary", type=Path, default=ROOT / "target/release/lockgate")
    asked.add_argument("--seconds", type=int, default=5, help="of one run")
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--connections", type=int, default=32)
    asked = asked.parse_args()
    binary, folder = asked.binary.resolve(), fresh_folder("bench")
    script = folder / "post.lua"
    headers = f'{{["Content-Type"] = "application/json", ["Authorization"] = "Bearer {KEY}"}}'
    script.write_text(f"wrk.method = 'POST'\nwrk.body = [==[{json.dumps(BODY)}]==]\nwrk.headers = {headers}\n")
    with ExitStack() as stack:
        mock = stack.enter_context(server("mock", [binary, "mock", "--port", "0", "--no-record", "--no-check"], folder))
        config = folder / "config.yaml"
        config.write_text(CONFIG.format(mock=mock, key=KEY))
        command = [binary, "--config", config, "--host", "127.0.0.1", "--port", "0"]
        targets = {
            "mock alone": mock,
            "nginx": stack.enter_context(nginx(folder, mock)),
            "lockgate": stack.enter_context(server("gateway", command, folder)),
        }
        runs = {name: [] for name in targets}
        for _ in range(asked.rounds):
            for name, base in targets.items():
                runs[name].append(measure(base, script, asked.seconds, asked.connections))
    middle = {name: [median(column) for column in zip(*rows, strict=True)] for name, rows in runs.items()}
    print(f"{asked.connections} connections, median of {asked.rounds} runs of {asked.seconds} s")
    print(f"{'':12}{'requests/s':>12}{'p50 ms':>10}{'p99 ms':>10}{'of nginx':>10}")
    for name, (rate, p50, p99) in middle.items():
        print(f"{name:12}{rate:12.0f}{p50:10.2f}{p99:10.2f}{rate / middle['nginx'][0]:10.2f}")


if __name__ == "__main__":
    main()
