"""What both suites ask for, and the mock's rules that their expectations rest on: it repeats the last user text, counts
a request's words as its tokens, calls the tools it is offered with arguments made from their schemas, and remembers
what it was sent."""

import json
from typing import Literal
from urllib.request import urlopen

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
