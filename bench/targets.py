"""What is measured: the mock provider by itself, and nginx, Lockgate and, if wanted, LiteLLM in front of it. A target
says how it is started, by which names it knows the models, and which version it is."""

import json
import os
import socket
import subprocess
import time
from contextlib import contextmanager

from place import FILES, KEY, START_S, Running

LITELLM_START_S = 120
NGINX = """\
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
{user}
worker_processes {workers};
events {{ worker_connections {files}; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  client_max_body_size 100m;
  keepalive_requests 100000000;
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  scgi_temp_path {folder}/nginx-scgi;
  upstream mock {{ server {mock}; keepalive 256; keepalive_requests 100000000; }}
  server {{
    listen {address};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_buffering off;
    location / {{ proxy_pass http://mock; }}
  }}
}}
"""


class Direct:
    """The mock itself: what all others are compared with."""

    name = "direct"
    # Whether it speaks to providers in another dialect than its caller's.
    translates = False
    # Whether its answers are the mock's, byte by byte.
    verbatim = True
    # How many of a case's streams it gets.
    share = 1.0

    def model(self, case):
        """By which name it knows the case's model."""
        return case.upstream

    def version(self):
        return None

    @contextmanager
    def start(self, place, mock, first):
        """Runs it. `first` waits for its first right answer."""
        yield Running(mock.address)


class Nginx(Direct):
    """A plain reverse proxy: what carrying the bytes costs when nobody looks at them."""

    name = "nginx"

    def version(self):
        return subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr.split("/")[-1].strip()

    @contextmanager
    def start(self, place, mock, first):
        # It inherits the socket already open: no port to guess, and the first call is answered as soon as it can be.
        with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
            address = listener.getsockname()
            config = place.folder / "nginx.conf"
            user = "user root;" if os.geteuid() == 0 else ""
            facts = {"user": user, "workers": place.workers, "files": FILES, "folder": place.folder}
            config.write_text(NGINX.format(mock=joined(mock.address), address=joined(address), **facts))
            command = ["nginx", "-e", "stderr", "-p", place.folder, "-c", config]
            more = {"env": {"NGINX": f"{listener.fileno()};"}, "pass_fds": [listener.fileno()]}
            began = time.monotonic()
            with place.process(self.name, command, place.gateway_core, **more) as process:
                first(self, address, START_S)
                yield Running(address, process, since(began))


class Gateway(Direct):
    """What gateways have in common: the same configuration, where every model has another name than upstream."""

    translates = True
    # More lines of `general_settings`.
    settings = []
    # What is said about every model.
    model_info = {}

    def __init__(self, binary, cases):
        self.binary, self.cases = binary, cases

    def model(self, case):
        return case.name

    def flags(self, place, mock, port):
        config = place.folder / f"{self.name}.yaml"
        config.write_text(self.config(mock))
        where = ["--host", "127.0.0.1", "--port", str(port)]
        return ["--config", config, *where, "--num_workers", str(place.workers)]

    def config(self, mock):
        lines = ["model_list:"]
        for case in self.cases:
            base = "/v1" if case.provider == "openai" else ""
            lines += [
                f"  - model_name: {case.name}",
                "    litellm_params:",
                f"      model: {json.dumps(f'{case.provider}/{case.upstream}')}",
                f"      api_base: http://{joined(mock.address)}{base}",
                "      api_key: sk-mock",
                f"    model_info: {json.dumps(self.model_info)}",
            ]
        return "\n".join([*lines, "general_settings:", f"  master_key: {KEY}", *self.settings, ""])


class Lockgate(Gateway):
    """Ours. Without a `database` it keeps no books, as nginx keeps none either."""

    name = "lockgate"
    settings = ["  database_url: none"]

    def __init__(self, binary, cases, database=None):
        super().__init__(binary, cases)
        if database:
            self.settings = [f"  database_url: {json.dumps(database)}"]

    def version(self):
        return subprocess.run([self.binary, "--version"], capture_output=True, text=True).stdout.split()[-1]

    @contextmanager
    def start(self, place, mock, first):
        command = [self.binary, *self.flags(place, mock, 0)]
        began = time.monotonic()
        with place.announced(self.name, command, place.gateway_core) as (address, process):
            first(self, address, START_S)
            yield Running(address, process, since(began))


class LiteLlm(Gateway):
    """The incumbent. Its streams are few: with more than it can carry, its queue would be measured."""

    name = "litellm"
    verbatim = False
    share = 0.04

    def version(self):
        code = "from importlib.metadata import version; print(version('litellm'))"
        command = [self.binary.parent / "python", "-c", code]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()

    @contextmanager
    def start(self, place, mock, first):
        # It cannot say which port it took, so one is found for it.
        with socket.create_server(("127.0.0.1", 0)) as probe:
            address = probe.getsockname()
        command = [self.binary, *self.flags(place, mock, address[1])]
        # Prices come from the package instead of the network.
        env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
        began = time.monotonic()
        with place.process(self.name, command, place.gateway_core, env=env) as process:
            first(self, address, LITELLM_START_S)
            yield Running(address, process, since(began))


def joined(address):
    return "%s:%d" % address


def since(began):
    return (time.monotonic() - began) * 1000
