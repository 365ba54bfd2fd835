"""What both suites ask for, and the mock's rules that their expectations rest on: it repeats the last user text, counts
a request's words as its tokens, calls the tools it is offered with arguments made from their schemas, and remembers
what it was sent."""

import json
import time
from typing import Literal
from urllib.request import Request, urlopen

from pydantic import BaseModel

from conftest import SESSION

TRICKY = 'Grüße, 世界 👋🏽 "quoted" \\ back\\slash\n\ttab </s> data: [DONE]'

# One red pixel.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"

WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "Name of the city"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        "days": {"type": "integer", "minimum": 1},
    },
    "required": ["city", "unit", "days"],
    "additionalProperties": False,
}
CLOCK = {
    "type": "object",
    "properties": {"zone": {"type": "string"}},
    "required": ["zone"],
    "additionalProperties": False,
}


class Leg(BaseModel):
    """One part of a trip."""

    to: str
    by: Literal["train", "bus"]


class Trip(BaseModel):
    """An answer's form with a list, a nested object, a choice and a number."""

    title: str
    nights: int
    legs: list[Leg]


def fits_weather(arguments):
    """Whether these are arguments of the weather tool."""
    return (
        set(arguments) == {"city", "unit", "days"}
        and isinstance(arguments["city"], str)
        and arguments["unit"] in ("celsius", "fahrenheit")
        and isinstance(arguments["days"], int)
    )


def words(*texts):
    """The tokens that the mock counts in these texts."""
    return sum(len(text.split()) for text in texts)


def upstream_requests():
    """Every request that the provider has been sent so far, headers and body, as JSON text."""
    with urlopen(f"{SESSION['mock']}/mock/requests", timeout=30) as answer:
        return [json.dumps(request, ensure_ascii=False) for request in json.load(answer)["requests"]]


PATIENCE_S = 20


def call(path, body=None):
    """What the gateway's own API answers its administrator."""
    headers = {"authorization": f"Bearer {SESSION['key']}", "content-type": "application/json"}
    request = Request(SESSION["base"] + path, data=None if body is None else json.dumps(body).encode(), headers=headers)
    with urlopen(request, timeout=30) as answer:
        return json.load(answer)


def logged(key, count, wanted=lambda entry: True):
    """The key's calls that are wanted, as soon as the log has so many of them."""
    until = time.monotonic() + PATIENCE_S
    while True:
        calls = [entry for entry in call(f"/spend/logs?api_key={key}") if wanted(entry)]
        if len(calls) >= count or time.monotonic() > until:
            return calls
        time.sleep(0.1)
