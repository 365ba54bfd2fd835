"""LlamaIndex against the gateway, over every back."""

import json

import openai
import pytest
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike

from common import TRICKY, Trip
from conftest import SESSION


def make(model):
    return OpenAILike(
        model=model,
        api_base=f"{SESSION['base']}/v1",
        api_key=SESSION["key"],
        is_chat_model=True,
        is_function_calling_model=True,
        max_retries=0,
        timeout=30,
    )


def weather(city: str, days: int) -> str:
    """Forecast"""
    return f"Rain in {city} for {days} days"


TOOL = FunctionTool.from_defaults(weather)


def test_a_stream_says_what_a_whole_answer_says(back):
    asked = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content=TRICKY)]
    whole = make(back.model()).chat(asked)
    assert whole.message.content == f"You said: {TRICKY}"
    chunks = list(make(back.model()).stream_chat(asked))
    assert "".join(chunk.delta or "" for chunk in chunks) == whole.message.content
    assert make(back.model()).complete("Hi").text == "You said: Hi"


def test_a_tool_is_called_and_its_result_is_used(back):
    model, asked = make(back.model()), [ChatMessage(role="user", content="Weather?")]
    *_, streamed = model.stream_chat_with_tools([TOOL], chat_history=asked)
    for turn in (model.chat_with_tools([TOOL], chat_history=asked), streamed):
        (call,) = model.get_tool_calls_from_response(turn)
        assert call.tool_name == "weather" and set(call.tool_kwargs) == {"city", "days"}
        result = ChatMessage(
            role="tool", content=TOOL.call(**call.tool_kwargs).content, additional_kwargs={"tool_call_id": call.tool_id}
        )
        final = model.chat_with_tools([TOOL], chat_history=[*asked, turn.message, result])
        assert "Rain in" in final.message.content


def test_an_answer_fits_its_schema(back):
    schema = {"name": "trip", "schema": Trip.model_json_schema()}
    asked = [ChatMessage(role="user", content="Plan a trip")]
    answer = make(back.model()).chat(asked, response_format={"type": "json_schema", "json_schema": schema})
    assert Trip(**json.loads(answer.message.content)).title


def test_a_structured_model_gives_objects(back):
    trip = make(back.model()).as_structured_llm(Trip).chat([ChatMessage(role="user", content="Plan a trip")]).raw
    assert isinstance(trip, Trip) and trip.legs[0].by in ("train", "bus")


def test_a_providers_fault_is_an_error(back):
    with pytest.raises(openai.RateLimitError):
        make(back.model("limited")).chat([ChatMessage(role="user", content="Hi")])
