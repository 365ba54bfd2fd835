"""The OpenAI SDK's Responses API against the gateway, over every back. What the SDK documents is the specification."""

import json
import time

import openai
import pytest
from openai import OpenAI

from common import CLOCK, PNG, TRICKY, WEATHER, Trip, fits_weather
from conftest import SESSION, Back

WITH = {"base_url": f"{SESSION['base']}/v1", "api_key": SESSION["key"], "max_retries": 0, "timeout": 30}
SENTENCE = "the quick brown fox jumps over the lazy dog"
TOOLS = [
    {"type": "function", "name": "weather", "description": "Forecast", "parameters": WEATHER, "strict": True},
    {"type": "function", "name": "clock", "description": "Local time", "parameters": CLOCK, "strict": True},
]

# Behind some backs it is translated, behind the others it passes as it is.
pytestmark = pytest.mark.gateway


@pytest.fixture(scope="module")
def client():
    with OpenAI(**WITH) as client:
        yield client


def say(client, model, text="Good morning", **more):
    return client.responses.create(model=model, input=text, **more)


def calls_of(answer):
    return [item for item in answer.output if item.type in ("function_call", "custom_tool_call")]


def continued(client, model, asked, answer, results, **more):
    """The turn after a tool call: the answer's items as the SDK gives them, then one result per call."""
    items = [item.model_dump(exclude_none=True) for item in answer.output]
    told = [
        {"type": f"{call.type}_output", "call_id": call.call_id, "output": result}
        for call, result in zip(calls_of(answer), results, strict=True)
    ]
    conversation = [{"role": "user", "content": asked}, *items, *told]
    return client.responses.create(model=model, input=conversation, **more)


def test_a_question_is_answered(client, back):
    answer = say(client, back.model())
    assert (answer.object, answer.status, answer.error) == ("response", "completed", None)
    assert answer.id.startswith("resp_") and answer.created_at > 0 and answer.model
    assert answer.output_text == "You said: Good morning"
    assert answer.usage.input_tokens == 2 and answer.usage.output_tokens > 0
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens


@pytest.mark.can("bridged")
def test_an_answer_repeats_what_was_asked(client, back):
    answer = say(client, back.model(), instructions="Be brief.", temperature=0.2, metadata={"a": "b"})
    assert (answer.instructions, answer.temperature, answer.metadata) == ("Be brief.", 0.2, {"a": "b"})
    assert (answer.tools, answer.tool_choice, answer.parallel_tool_calls) == ([], "auto", True)


def test_earlier_turns_reach_the_model(client, back):
    said = ["My name is Ada.", "Hello Ada!", "What is my name?"]
    turns = [{"role": role, "content": text} for role, text in zip(["user", "assistant", "user"], said, strict=True)]
    first = say(client, back.model(), turns, instructions="Be brief.")
    assert first.output_text == "You said: What is my name?"
    more = [*turns, *(item.model_dump(exclude_none=True) for item in first.output), {"role": "user", "content": "Sure?"}]
    assert say(client, back.model(), more).output_text == "You said: Sure?"


def test_text_survives_unharmed(client, back):
    assert say(client, back.model(), TRICKY).output_text == f"You said: {TRICKY}"
    with client.responses.stream(model=back.model("split"), input=TRICKY) as stream:
        assert stream.get_final_response().output_text == f"You said: {TRICKY}"


def test_a_picture_is_seen(client, back):
    parts = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"},
    ]
    assert "What is this?" in say(client, back.model(), [{"role": "user", "content": parts}]).output_text


def test_an_answer_ends_at_the_token_limit(client, back):
    answer = say(client, back.model(), SENTENCE, max_output_tokens=4)
    assert (answer.status, answer.incomplete_details.reason) == ("incomplete", "max_output_tokens")


def test_a_stream_says_what_a_whole_answer_says(client, back):
    whole, events = say(client, back.model(), SENTENCE), list(say(client, back.model(), SENTENCE, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[0].type == "response.created" and events[-1].type == "response.completed"
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(deltas) > 3, "it must come in pieces"
    assert "".join(deltas) == events[-1].response.output_text == whole.output_text
    seen, expected = events[-1].response.usage, whole.usage
    assert (seen.input_tokens, seen.output_tokens) == (expected.input_tokens, expected.output_tokens)


def test_a_tool_is_called_and_its_result_is_used(client, back):
    answer = say(client, back.model(), "How is the weather?", tools=TOOLS[:1])
    (call,) = calls_of(answer)
    assert call.name == "weather" and fits_weather(json.loads(call.arguments))
    final = continued(client, back.model(), "How is the weather?", answer, ["Rain until noon"], tools=TOOLS[:1])
    assert "Rain until noon" in final.output_text


@pytest.mark.parametrize("mood, count", [("chat", 1), ("pair", 2), ("split", 1)])
def test_streamed_calls_are_whole_and_can_be_continued(client, back, mood, count):
    with client.responses.stream(model=back.model(mood), input="Weather?", tools=TOOLS) as stream:
        done = [event.arguments for event in stream if event.type == "response.function_call_arguments.done"]
        answer = stream.get_final_response()
    calls = calls_of(answer)
    assert [call.name for call in calls] == ["weather", "clock"][:count]
    assert [call.arguments for call in calls] == done and fits_weather(json.loads(done[0]))
    final = continued(client, back.model(mood), "Weather?", answer, ["Fog", "Noon"][:count], tools=TOOLS)
    assert "Fog" in final.output_text


def test_a_tool_of_plain_text_is_called_with_text(client, back):
    tools = [{"type": "custom", "name": "apply_patch", "description": "Changes files"}]
    answer = say(client, back.model(), "Fix it", tools=tools)
    (call,) = calls_of(answer)
    assert (call.type, call.name) == ("custom_tool_call", "apply_patch") and isinstance(call.input, str)
    final = continued(client, back.model(), "Fix it", answer, ["Done it"], tools=tools)
    assert "Done it" in final.output_text


def test_a_tool_can_be_demanded(client, back):
    (call,) = calls_of(say(client, back.model(), tools=TOOLS, tool_choice={"type": "function", "name": "clock"}))
    assert call.name == "clock"
    assert calls_of(say(client, back.model(), tools=TOOLS, tool_choice="none")) == []


@pytest.mark.can("signed")
def test_proofs_of_reasoning_find_their_way_back(client, back):
    model = back.model("signed")
    answer = say(client, model, "How is the weather?", tools=TOOLS[:1])
    final = continued(client, model, "How is the weather?", answer, ["Sunny"], tools=TOOLS[:1])
    assert "Sunny" in final.output_text


@pytest.mark.parametrize("giver", ["anthropic-back", "gemini-back"])
def test_a_conversation_goes_on_with_another_provider(client, back, giver):
    ask = {"tools": TOOLS[:1], "reasoning": {"effort": "low"}}
    first = say(client, Back(giver).proving, "How is the weather?", **ask)
    final = continued(client, back.proving, "How is the weather?", first, ["Rain until noon"], **ask)
    assert "Rain until noon" in final.output_text


def test_an_answer_fits_its_schema(client, back):
    answer = client.responses.parse(model=back.model(), input="Plan a trip", text_format=Trip)
    assert isinstance(answer.output_parsed, Trip) and answer.output_parsed.title


def test_tokens_are_counted(client, back):
    assert client.responses.input_tokens.count(model=back.model(), input="Good morning").input_tokens > 0


@pytest.mark.parametrize(
    "mood, error",
    [
        ("limited", openai.RateLimitError),
        ("failing", openai.InternalServerError),
        ("overloaded", openai.InternalServerError),
        ("long", openai.BadRequestError),
    ],
)
def test_failures_are_the_errors_that_the_sdk_knows(client, back, mood, error):
    for stream in (False, True):
        with pytest.raises(error):
            list(say(client, back.model(mood), stream=True)) if stream else say(client, back.model(mood))


def test_a_stream_that_breaks_is_no_answer(client, back):
    for mood in ("breaks", "cut"):
        last = list(say(client, back.model(mood), SENTENCE, stream=True))[-1]
        told = last if last.type == "error" else last.response.error
        assert last.type in ("error", "response.failed") and told.code and told.message


@pytest.mark.can("bridged")
def test_what_would_need_a_memory_is_refused_by_name(client, back):
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        say(client, back.model(), previous_response_id="resp_1")


def ended(client, answer):
    """The answer when it is not being made any more."""
    for _ in range(100):
        if answer.status not in ("queued", "in_progress"):
            return answer
        time.sleep(0.05)
        answer = client.responses.retrieve(answer.id)
    raise AssertionError(f"{answer.id} is still {answer.status}")


def test_an_answer_is_there_again_until_it_is_deleted(client, back):
    answer = say(client, back.model(), "Good morning")
    again = client.responses.retrieve(answer.id)
    assert (again.id, again.status) == (answer.id, "completed")
    (item,) = client.responses.input_items.list(answer.id)
    assert item.type == "message" and item.role == "user" and item.content[0].text
    client.responses.delete(answer.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(answer.id)


@pytest.mark.can("bridged")
def test_a_conversation_goes_on_from_an_answer(client, back):
    first = say(client, back.model(), "How is the weather?", tools=TOOLS[:1])
    (call,) = calls_of(first)
    told = [{"type": "function_call_output", "call_id": call.call_id, "output": "Rain until noon"}]
    second = say(client, back.model(), told, tools=TOOLS[:1], previous_response_id=first.id)
    assert "Rain until noon" in second.output_text and second.previous_response_id == first.id
    assert len(list(client.responses.input_items.list(second.id, order="asc"))) == 3
    assert not say(client, back.model(), "hush", store=False).store


@pytest.mark.can("bridged")
def test_an_answer_is_made_in_the_background(client, back):
    begun = say(client, back.model(), "Good morning", background=True)
    assert begun.status in ("queued", "in_progress") and begun.background
    made = ended(client, begun)
    assert (made.status, made.output_text) == ("completed", "You said: Good morning")
    assert client.responses.cancel(begun.id).status == "completed"
    events = list(say(client, back.model(), "Good morning", background=True, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    last = events[-1].response
    rest = list(client.responses.retrieve(last.id, stream=True, starting_after=1))
    assert [event.type for event in rest] == [event.type for event in events[2:]]


def heard(connection):
    """The events up to the end of an answer, and that answer."""
    events = []
    for event in connection:
        events.append(event)
        if event.type in ("response.completed", "response.incomplete", "response.failed", "error"):
            return events, getattr(event, "response", None)
    raise AssertionError(events)


def test_a_connection_carries_a_conversation(client, back):
    with client.responses.connect() as connection:
        connection.response.create(model=back.model(), input=SENTENCE)
        events, first = heard(connection)
        texts = [event.delta for event in events if event.type == "response.output_text.delta"]
        assert "".join(texts) == first.output_text == f"You said: {SENTENCE}" and len(texts) > 1
        connection.response.create(model=back.model(), input="And on", previous_response_id=first.id, stream_id="b")
        events, second = heard(connection)
        assert second.output_text == "You said: And on"
        assert {event.stream_id for event in events} == {"b"}


def test_a_tool_is_called_over_a_connection_that_keeps_nothing(client, back):
    with client.responses.connect() as connection:
        with_tools = {"model": back.model(), "tools": TOOLS[:1], "store": False}
        connection.response.create(input="Weather?", include=["reasoning.encrypted_content"], **with_tools)
        _, turn = heard(connection)
        (call,) = calls_of(turn)
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "Fog"}
        connection.response.create(input=[result], previous_response_id=turn.id, **with_tools)
        _, final = heard(connection)
        assert "Fog" in final.output_text


def test_a_refusal_is_an_event_of_the_connection(client, back):
    with client.responses.connect() as connection:
        connection.response.create(model=back.model("limited"), input="Hi")
        (refusal,), _ = heard(connection)
        assert (refusal.type, refusal.status) == ("error", 429) and refusal.error.message
        connection.response.create(model=back.model(), input="Hi")
        assert heard(connection)[1].output_text == "You said: Hi"


def test_a_conversation_is_made_short_and_goes_on(client, back):
    turns = [{"role": "user", "content": "My name is Ada."}, {"role": "assistant", "content": "Hello Ada!"}]
    short = client.responses.compact(model=back.model(), input=turns)
    assert short.object == "response.compaction" and short.usage.total_tokens > 0
    assert [item.type for item in short.output] == ["message", "compaction"]
    items = [item.model_dump(exclude_none=True) for item in short.output]
    answer = say(client, back.model(), [*items, {"role": "user", "content": "Sure?"}])
    assert answer.output_text == "You said: Sure?"


@pytest.mark.can("bridged")
def test_the_events_of_an_answer_can_be_had_when_it_is_over(client, back):
    answer = say(client, back.model(), SENTENCE)
    events = list(client.responses.retrieve(answer.id, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == answer.output_text
    assert events[-1].type == "response.completed" and events[-1].response == answer
