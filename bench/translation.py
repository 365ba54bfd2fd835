#!/usr/bin/env python3
"""Measures what a chunk of a stream costs that is translated, for every dialect of callers over every dialect of providers,
beside what it costs where both speak the same: processor time of the release per chunk, on a core of its own. The mock sends
long streams as fast as it can, so that little else counts: a chunk that comes by itself costs far more, in the kernel, whether
it is translated or not. Prints two tables, and fails when a translated chunk costs more than three times as much as one of the
same provider that passes as it is."""

import json
import re
import socket
import sys
from pathlib import Path
from statistics import median

from place import KEY, Place
from run import ROOT, command_line
from table import shown

MOST = 3.0
SIZE = 8
TEXT = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor "
PATIENCE_S = 60

# What each back's model is called, and where the mock has it.
BACKS = {
    "openai": ("openai/demo", "/v1"),
    "anthropic": ("anthropic/claude-haiku-4-5", ""),
    "gemini": ("gemini/gemini-2.5-flash", "/v1beta"),
    "ollama": ("ollama/demo", ""),
    "responses": ("openai/demo-responses", "/v1"),
    "bedrock": ("bedrock/eu.anthropic.claude-sonnet-4-6", ""),
}
# Whose chunks pass as they are: those of a provider that nobody asks in its own dialect are compared with OpenAI's.
OTHER = {"bedrock": "openai"}


def messages(model):
    return {"model": model, "stream": True, "max_tokens": 100000, "messages": [{"role": "user", "content": "Go on."}]}


# By front: the path, what is asked, and what the caller reads of an event.
FRONTS = {
    "openai": (lambda model: ("/v1/chat/completions", messages(model)), lambda event: delta(event).get("content")),
    "anthropic": (lambda model: ("/v1/messages", messages(model)), lambda event: event.get("delta", {}).get("text")),
    "gemini": (
        lambda model: (
            f"/v1beta/models/{model}:streamGenerateContent?alt=sse",
            {"contents": [{"role": "user", "parts": [{"text": "Go on."}]}]},
        ),
        lambda event: "".join(part.get("text", "") for part in event["candidates"][0].get("content", {}).get("parts", [])),
    ),
    "ollama": (lambda model: ("/api/chat", messages(model)), lambda event: event["message"]["content"]),
    "responses": (
        lambda model: ("/v1/responses", {"model": model, "stream": True, "input": "Go on."}),
        lambda event: event["delta"] if event["type"] == "response.output_text.delta" else None,
    ),
}


def delta(event):
    return event["choices"][0]["delta"] if event["choices"] else {}


def config(mock, chunks):
    lines = ["model_list:"]
    for back, (model, base) in BACKS.items():
        lines += [
            f"  - model_name: {back}",
            "    litellm_params:",
            f"      model: {json.dumps(f'{model}@chunks={chunks},chunk_bytes={SIZE},extras')}",
            f"      api_base: http://{mock[0]}:{mock[1]}{base}",
            "      api_key: sk-mock",
        ]
        if back == "bedrock":
            lines[-1:] = [
                "      aws_access_key_id: AKIDEXAMPLE",
                "      aws_secret_access_key: wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                "      aws_region_name: eu-central-1",
            ]
        if back == "responses":
            lines += ["    model_info: {mode: responses}"]
    return "\n".join([*lines, "general_settings:", f"  master_key: {KEY}", "  database_url: none", ""])


def stream(address, front, back):
    """The whole answer, head included."""
    path, body = FRONTS[front][0](back)
    body = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.0\r\nhost: gateway\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\n"
    with socket.create_connection(address, timeout=PATIENCE_S) as connection:
        connection.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        pieces = []
        while piece := connection.recv(1 << 18):
            pieces.append(piece)
    return b"".join(pieces)


def text_of(front, answer):
    """What the caller has read."""
    said = []
    for line in answer.split(b"\r\n\r\n", 1)[1].decode().splitlines():
        line = line.removeprefix("data: ")
        if line.startswith("{") and "error" not in (event := json.loads(line)):
            said.append(FRONTS[front][1](event) or "")
    return "".join(said)


def cpu_us(pid):
    """Processor time so far of all its threads, to the nanosecond."""
    spent = (Path(entry, "schedstat").read_text().split()[0] for entry in Path(f"/proc/{pid}/task").iterdir())
    return sum(map(int, spent)) / 1000


def main():
    asked = command_line(__doc__)
    asked.add_argument("--repeats", type=int, default=3)
    asked.add_argument("--streams", type=int, default=40, help="of each measurement")
    asked.add_argument("--chunks", type=int, default=1000, help="of each stream")
    asked.add_argument("--fronts", nargs="+", default=list(FRONTS), choices=FRONTS)
    asked.add_argument("--backs", nargs="+", default=list(BACKS), choices=BACKS)
    asked = asked.parse_args()
    place = Place(ROOT / ".local/translation", workers=1)
    binary = place.copied(asked.binary, "lockgate")
    text = (TEXT * (asked.chunks * SIZE // len(TEXT) + 1))[: asked.chunks * SIZE]
    pairs = [(front, back) for back in asked.backs for front in asked.fronts]
    spent, wrong = {pair: [] for pair in pairs}, []
    with place.mock(binary) as mock:
        path = place.folder / "config.yaml"
        path.write_text(config(mock.address, asked.chunks))
        command = [binary, "--config", path, "--host", "127.0.0.1", "--port", "0", "--num_workers", "1"]
        with place.announced("lockgate", command, place.gateway_core) as (address, process):
            for pair in pairs:
                answer = stream(address, *pair)
                if text_of(pair[0], answer) != text:
                    wrong.append(f"{' over '.join(pair)}: another answer: {answer[-300:]!r}")
            # In turn: what the machine does besides hits all alike.
            for _ in range(0 if wrong else asked.repeats):
                for pair in pairs:
                    before = cpu_us(process.pid)
                    sizes = {len(re.sub(rb"\d", b"", stream(address, *pair))) > len(text) for _ in range(asked.streams)}
                    spent[pair].append((cpu_us(process.pid) - before) / asked.streams / asked.chunks)
                    wrong += [f"{' over '.join(pair)}: an answer is too short"] if sizes != {True} else []
    if wrong:
        print("\n".join(wrong))
        return 1
    cost = {pair: median(runs) for pair, runs in spent.items()}
    same = {back: cost.get((OTHER.get(back, back),) * 2) for back in asked.backs}
    ratio = {pair: cost[pair] / same[pair[1]] for pair in pairs if same[pair[1]]}
    print(f"\nCPU per chunk, µs\n\n{markdown(asked, cost)}\n\nTimes that of the same dialect\n\n{markdown(asked, ratio)}")
    over = [f"{' over '.join(pair)}: {times:.2f}" for pair, times in ratio.items() if times > MOST]
    print(f"\nFAIL: {'; '.join(over)}" if over else f"\nPASS: no chunk costs more than {MOST:.0f} times as much for being translated")
    return int(bool(over))


def markdown(asked, figures):
    """Fronts from top to bottom, backs from left to right."""
    lines = [["callers / provider", *asked.backs], ["---", *["---:"] * len(asked.backs)]]
    lines += [[front, *(shown(figures.get((front, back))) for back in asked.backs)] for front in asked.fronts]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
