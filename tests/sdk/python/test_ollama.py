"""Ollama's own client against the gateway, over every back. What the client documents is the specification."""

import asyncio

import pytest
from ollama import AsyncClient, Client, ResponseError

from common import CLOCK, PNG, TRICKY, WEATHER, Trip, fits_weather, upstream_requests
from conftest import SESSION

WITH = {"host": SESSION["base"], "headers": {"authorization": f"Bearer {SESSION['key']}"}, "timeout": 30}
TOOLS = [
    {"type": "function", "function": {"name": "weather", "description": "Forecast", "parameters": WEATHER}},
    {"type": "function", "function": {"name": "clock", "description": "Local time", "parameters": CLOCK}},
]
SENTENCE = "the quick brown fox jumps over the lazy dog"


@pytest.fixture(scope="module")
def client():
    return Client(**WITH)


def say(client, model, content="Good morning", **more):
    return client.chat(model=model, messages=[{"role": "user", "content": content}], **more)


def joined(stream):
    """A stream put together: text, thinking, calls, and the last line."""
    text, thinking, calls, last = "", "", [], None
    for line in stream:
        assert last is None, "something comes behind the last line"
        text += line.message.content or ""
        thinking += line.message.thinking or ""
        calls += line.message.tool_calls or []
        last = line if line.done else None
    assert last is not None
    return text, thinking, calls, last


def test_a_chat_is_answered(client, back):
    answer = say(client, back.model())
    assert answer.message.role == "assistant" and answer.message.content == "You said: Good morning"
    assert answer.done and answer.done_reason == "stop"
    assert answer.prompt_eval_count > 0 and answer.eval_count > 0


def test_text_survives_unharmed(client, back):
    assert say(client, back.model(), TRICKY).message.content == f"You said: {TRICKY}"
    text, _, _, _ = joined(say(client, back.model("split"), TRICKY, stream=True))
    assert text == f"You said: {TRICKY}"


def test_a_stream_says_what_a_whole_answer_says(client, back):
    text, _, _, last = joined(say(client, back.model(), stream=True))
    whole = say(client, back.model())
    assert text == whole.message.content
    assert (last.done_reason, last.eval_count) == (whole.done_reason, whole.eval_count)


def test_an_answer_ends_at_the_token_limit(client, back):
    answer = say(client, back.model(), SENTENCE, options={"num_predict": 4})
    assert answer.done_reason == "length" and answer.eval_count == 4


@pytest.mark.can("stop")
def test_an_answer_ends_before_a_stop_sequence(client, back):
    answer = say(client, back.model(), SENTENCE, options={"stop": ["brown"]})
    assert answer.message.content == "You said: the quick " and answer.done_reason == "stop"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_tools_are_called_and_their_results_are_used(client, back, stream):
    answer = say(client, back.model("pair"), "Weather and time?", tools=TOOLS, stream=stream)
    calls = joined(answer)[2] if stream else answer.message.tool_calls
    assert [call.function.name for call in calls] == ["weather", "clock"]
    assert fits_weather(calls[0].function.arguments)
    history = [
        {"role": "user", "content": "Weather and time?"},
        {"role": "assistant", "content": "", "tool_calls": [call.model_dump() for call in calls]},
        {"role": "tool", "tool_name": "weather", "content": "sunny"},
        {"role": "tool", "tool_name": "clock", "content": "noon"},
    ]
    said = client.chat(model=back.model(), messages=history, tools=TOOLS).message.content
    assert "sunny" in said or "noon" in said, said


def test_an_answer_fits_its_schema(client, back):
    answer = say(client, back.model(), "Plan a trip", format=Trip.model_json_schema())
    assert Trip.model_validate_json(answer.message.content)


def test_an_image_is_taken(client, back):
    message = {"role": "user", "content": "What is this?", "images": [PNG]}
    answer = client.chat(model=back.model(), messages=[message])
    assert answer.message.content
    assert any(PNG in request for request in upstream_requests())


def test_thinking_comes_before_the_answer(client, back):
    answer = say(client, back.proving, think=True)
    assert answer.message.thinking and answer.message.content
    text, thinking, _, _ = joined(say(client, back.proving, think="high", stream=True))
    assert text and thinking


def test_a_prompt_is_continued(client, back):
    answer = client.generate(model=back.model(), prompt="Good morning", system="Be brief.")
    assert answer.response == "You said: Good morning" and answer.done
    pieces = list(client.generate(model=back.model(), prompt="Good morning", stream=True))
    assert "".join(piece.response for piece in pieces) == answer.response and pieces[-1].done


@pytest.mark.can("embed")
def test_texts_are_embedded(client, back):
    both = client.embed(model=back.model("embed"), input=["a", "b"]).embeddings
    assert len(both) == 2 and both[0] != both[1]
    alone = client.embeddings(model=back.model("embed"), prompt="a").embedding
    assert list(alone) == pytest.approx(list(both[0]), rel=1e-6)


@pytest.mark.gateway
def test_models_are_listed_and_shown(client, back):
    names = [model.model for model in client.list().models]
    assert back.model() in names
    shown = client.show(back.model())
    assert "completion" in shown.capabilities and "tools" in shown.capabilities
    assert client.ps().models is not None


@pytest.mark.gateway
def test_a_model_can_be_asked_for_with_nothing_to_say(client, back):
    assert client.generate(model=back.model(), keep_alive="5m").done
    assert client.chat(model=back.model(), messages=[]).done


@pytest.mark.gateway
def test_a_wrong_key_is_refused(back):
    stranger = Client(host=SESSION["base"], headers={"authorization": "Bearer sk-wrong"})
    with pytest.raises(ResponseError) as refused:
        say(stranger, back.model())
    assert refused.value.status_code == 401 and refused.value.error


@pytest.mark.gateway
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_an_unknown_model_is_refused(client, stream):
    with pytest.raises(ResponseError) as refused:
        answer = say(client, "no-such-model", stream=stream)
        list(answer) if stream else None
    assert refused.value.status_code == 400 and "no-such-model" in refused.value.error


@pytest.mark.parametrize("mood, status", [("limited", 429), ("failing", 500), ("overloaded", 503)])
def test_a_providers_fault_has_its_status(client, back, mood, status):
    with pytest.raises(ResponseError) as fault:
        say(client, back.model(mood))
    assert fault.value.status_code == status and fault.value.error


@pytest.mark.parametrize("mood", ["breaks", "cut"])
def test_a_stream_that_breaks_is_an_error(client, back, mood):
    with pytest.raises(ResponseError):
        joined(say(client, back.model(mood), SENTENCE, stream=True))


def test_the_asynchronous_client_works_too(back):
    async def talk():
        client = AsyncClient(**WITH)
        stream = await client.chat(
            model=back.model(), messages=[{"role": "user", "content": "Good morning"}], stream=True
        )
        return "".join([line.message.content async for line in stream])

    assert asyncio.run(talk()) == "You said: Good morning"
