"""Instructor against the gateway, over every back: objects instead of texts, by calls of a tool and by schemas."""

import anthropic
import instructor
import openai
import pytest

from common import Trip
from conftest import SESSION

WITH = {"api_key": SESSION["key"], "max_retries": 0, "timeout": 30}
ASKED = [{"role": "user", "content": "Plan a trip"}]


def from_openai(mode):
    return instructor.from_openai(openai.OpenAI(base_url=f"{SESSION['base']}/v1", **WITH), mode=mode)


def from_anthropic(mode):
    return instructor.from_anthropic(anthropic.Anthropic(base_url=SESSION["base"], **WITH), mode=mode)


def ask(client, back, **more):
    return client.create(model=back.model(), messages=ASKED, response_model=Trip, max_retries=0, max_tokens=1000, **more)


def is_trip(trip):
    return bool(trip.title) and trip.legs[0].by in ("train", "bus")


def test_an_object_comes_as_a_call(back):
    assert is_trip(ask(from_openai(instructor.Mode.TOOLS), back))
    assert is_trip(ask(from_anthropic(instructor.Mode.TOOLS), back))


def test_an_object_comes_by_its_schema(back):
    assert is_trip(ask(from_openai(instructor.Mode.JSON_SCHEMA), back))


def test_an_object_grows_while_it_is_streamed(back):
    for client in (from_openai(instructor.Mode.TOOLS), from_anthropic(instructor.Mode.TOOLS)):
        grown = list(
            client.create_partial(
                model=back.model(), messages=ASKED, response_model=Trip, max_retries=0, max_tokens=1000
            )
        )
        # Gemini sends the arguments of a call at once.
        assert (len(grown) > 1 or back.can("whole_calls")) and is_trip(grown[-1])
