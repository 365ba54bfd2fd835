"""LiteLLM's own SDK against the gateway, over every back: as a client of what it takes for its proxy, and of the vendors'
APIs."""

import asyncio
import json

import litellm
import pytest

from common import CLOCK, TRICKY, WEATHER, Trip, fits_weather
from conftest import SESSION

litellm.telemetry = False
KEY = {"api_key": SESSION["key"], "num_retries": 0, "max_retries": 0, "timeout": 30}
PROXY = KEY | {"api_base": f"{SESSION['base']}/v1"}
# A provider as the SDK names it, and where it finds its API.
WAYS = {
    "litellm_proxy": PROXY,
    "openai": PROXY,
    "anthropic": KEY | {"api_base": SESSION["base"]},
}
TOOLS = [
    {"type": "function", "function": {"name": "weather", "description": "Forecast", "parameters": WEATHER}},
    {"type": "function", "function": {"name": "clock", "description": "Local time", "parameters": CLOCK}},
]


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


def user(content):
    return {"role": "user", "content": content}


def say(way, model, messages, **more):
    return litellm.completion(model=f"{way}/{model}", messages=messages, **WAYS[way], **more)


def test_a_stream_says_what_a_whole_answer_says(way, back):
    whole = say(way, back.model(), [user(TRICKY)])
    assert whole.choices[0].message.content == f"You said: {TRICKY}"
    assert whole.usage.prompt_tokens > 0 and whole.usage.completion_tokens > 0
    chunks = list(say(way, back.model(), [user(TRICKY)], stream=True, stream_options={"include_usage": True}))
    built = litellm.stream_chunk_builder(chunks)
    assert built.choices[0].message.content == whole.choices[0].message.content
    assert built.usage.total_tokens == whole.usage.total_tokens


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_tools_are_called_and_their_results_are_used(way, back, streamed):
    asked = [user("Weather and time?")]
    turn = say(way, back.model("pair"), asked, tools=TOOLS, stream=streamed)
    turn = litellm.stream_chunk_builder(list(turn)) if streamed else turn
    message = turn.choices[0].message
    assert [call.function.name for call in message.tool_calls] == ["weather", "clock"]
    assert fits_weather(json.loads(message.tool_calls[0].function.arguments))
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": said}
        for said, call in zip(["Rain", "Noon"], message.tool_calls)
    ]
    final = say(way, back.model("pair"), [*asked, message.model_dump(exclude_none=True), *results], tools=TOOLS)
    assert "Rain" in final.choices[0].message.content and "Noon" in final.choices[0].message.content


@pytest.mark.parametrize("way", ["litellm_proxy", "openai"])
def test_an_answer_fits_its_schema(way, back):
    answer = say(way, back.model(), [user("Plan a trip")], response_format=Trip)
    assert Trip(**json.loads(answer.choices[0].message.content)).title


def test_a_providers_fault_has_its_class(way, back):
    with pytest.raises(litellm.RateLimitError):
        say(way, back.model("limited"), [user("Hi")])
    with pytest.raises(litellm.exceptions.MidStreamFallbackError):
        list(say(way, back.model("breaks"), [user("the quick brown fox")], stream=True))


def test_many_calls_at_once_get_their_own_answers(back):
    async def one(number):
        ask = {"model": f"litellm_proxy/{back.model()}", "messages": [user(f"caller {number}")]}
        return (await litellm.acompletion(**ask, **PROXY)).choices[0].message.content

    async def all_of_them():
        return await asyncio.gather(*(one(number) for number in range(8)))

    assert asyncio.run(all_of_them()) == [f"You said: caller {number}" for number in range(8)]


@pytest.mark.can("embed")
def test_texts_are_embedded(back):
    answer = litellm.embedding(model=f"litellm_proxy/{back.model('embed')}", input=["one", "two"], **PROXY)
    assert [item["index"] for item in answer.data] == [0, 1] and len(answer.data[0]["embedding"]) > 1


@pytest.mark.can("painter")
def test_a_picture_is_made(back):
    answer = litellm.image_generation(model=f"litellm_proxy/{back.model('painter')}", prompt="a cat", **PROXY)
    assert answer.data[0].b64_json


@pytest.mark.can("ranker")
def test_documents_are_ranked(back):
    documents = ["the sun is hot", "rain is water that falls", "what rain is"]
    ask = {"model": f"litellm_proxy/{back.model('ranker')}", "query": "what is rain", "documents": documents}
    answer = litellm.rerank(**ask, top_n=2, api_key=SESSION["key"], api_base=SESSION["base"])
    assert [result["index"] for result in answer.results] == [2, 1]
