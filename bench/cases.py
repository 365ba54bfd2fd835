"""What is asked of every target: the cases, their requests, and the plans that the load runner gets for them."""

import json
from dataclasses import dataclass

WORDS = "lorem ipsum dolor sit amet "
WARMUP_MS, SETTLE_MS, SLACK_MS = 500, 500, 1000


@dataclass(frozen=True)
class Case:
    """One thing to ask, under the model name by which gateways know it. A rest of zero streams means plain requests."""

    name: str
    knobs: str
    seconds: float
    connections: int = 32
    streams: int = 0
    ramp_ms: int = 0
    provider: str = "openai"
    model: str = "demo"
    stream: bool = False
    prompt_bytes: int = 500

    @property
    def upstream(self):
        """The model's name at the mock, which takes it for knobs as well."""
        return f"{self.model}@{self.knobs}"

    def body(self, model):
        prompt = (WORDS * (self.prompt_bytes // len(WORDS) + 1))[: self.prompt_bytes]
        body = {"model": model, "messages": [{"role": "user", "content": prompt}]}
        if self.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return json.dumps(body)

    def shape(self, share=1.0):
        """The load runner's words for it; of the streams, only a share."""
        measure_ms = round(self.seconds * 1000)
        if not self.streams:
            return {"requests": {"connections": self.connections, "warmup_ms": WARMUP_MS, "measure_ms": measure_ms}}
        streams = max(1, round(self.streams * share))
        times = {"ramp_ms": self.ramp_ms, "settle_ms": SETTLE_MS, "measure_ms": measure_ms}
        return {"streams": {"streams": streams, **times}}


def slow(name, streams, seconds, ramp_ms, chunk_ms):
    """Streams that are all open while they are measured: as many chunks as that takes, and some to spare."""
    chunks = round((ramp_ms + SETTLE_MS + seconds * 1000 + SLACK_MS) / chunk_ms)
    knobs = f"chunks={chunks},chunk_bytes=8,chunk_ms={chunk_ms}"
    return Case(name, knobs, seconds, streams=streams, ramp_ms=ramp_ms, stream=True)


def cases(scale=1.0):
    """All of them in the order they are run, beginning with the one that needs a fresh process. The lengths of the
    measurements are multiplied by `scale`."""
    chat, streamed = "answer_bytes=200", "chunks=32,chunk_bytes=8"
    claude = {"provider": "anthropic", "model": "claude-haiku-4-5"}
    return [
        slow("many", 2000, 2 * scale, 2000, 200),
        slow("slow", 1000, 5 * scale, 1000, 50),
        Case("one", chat, 2 * scale, connections=1),
        Case("chat", chat, 3 * scale),
        Case("stream", streamed, 3 * scale, stream=True),
        Case("large", chat, 3 * scale, connections=8, prompt_bytes=256 * 1024),
        Case("translated", chat, 2 * scale, **claude),
        Case("translated-stream", streamed, 2 * scale, stream=True, **claude),
    ]


def text_of(answer, stream):
    """The text that an OpenAI answer says."""
    if not stream:
        return json.loads(answer)["choices"][0]["message"]["content"]
    events = (line.removeprefix("data: ") for line in answer.splitlines() if line.startswith("data: {"))
    choices = (choice for event in events for choice in json.loads(event)["choices"])
    return "".join(choice["delta"].get("content") or "" for choice in choices)
