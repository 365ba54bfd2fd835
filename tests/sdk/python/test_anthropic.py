"""The Anthropic SDK against the gateway, over every back. What the SDK documents is the specification."""

import asyncio
import json

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic, Omit

from common import CLOCK, PNG, TRICKY, WEATHER, Trip, fits_weather, upstream_requests, words
from conftest import SESSION, Back

WITH = {"base_url": SESSION["base"], "api_key": SESSION["key"], "max_retries": 0, "timeout": 30}
TOOLS = [
    {"name": "weather", "description": "Forecast", "input_schema": WEATHER},
    {"name": "clock", "description": "Local time", "input_schema": CLOCK},
]
THINK = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 4096}
SENTENCE = "the quick brown fox jumps over the lazy dog"

# The blocks that each kind of delta may be part of.
DELTAS = {
    "text_delta": "text",
    "input_json_delta": "tool_use",
    "thinking_delta": "thinking",
    "signature_delta": "thinking",
}


@pytest.fixture(scope="module")
def client():
    with Anthropic(**WITH) as client:
        yield client


def user(content):
    return {"role": "user", "content": content}


def say(client, model, content="Good morning", **more):
    ask = {"max_tokens": 1000, "messages": [user(content)]} | more
    return client.messages.create(model=model, **ask)


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


def calls_of(message):
    return [block for block in message.content if block.type == "tool_use"]


def results(message, texts):
    """The user's turn after tool calls: one result per call, in order."""
    pairs = zip(calls_of(message), texts, strict=True)
    return user([{"type": "tool_result", "tool_use_id": call.id, "content": text} for call, text in pairs])


def follow(events):
    """Checks the grammar of a stream and returns its blocks as [type, joined deltas], and its last message_delta."""
    kinds = [event.type for event in events]
    assert kinds[0] == "message_start" and kinds[-2:] == ["message_delta", "message_stop"]
    assert kinds.count("message_start") == kinds.count("message_stop") == 1
    assert events[0].message.content == [] and events[0].message.stop_reason is None
    blocks, open_block = [], None
    for event in events:
        if event.type == "content_block_start":
            assert open_block is None and event.index == len(blocks)
            open_block = event.index
            blocks.append([event.content_block.type, ""])
        elif event.type == "content_block_delta":
            assert event.index == open_block and DELTAS[event.delta.type] == blocks[open_block][0]
            blocks[open_block][1] += delta_text(event.delta)
        elif event.type == "content_block_stop":
            assert event.index == open_block
            open_block = None
        else:
            assert open_block is None
    return blocks, events[-2]


def delta_text(delta):
    name = {"text_delta": "text", "input_json_delta": "partial_json", "thinking_delta": "thinking"}.get(delta.type)
    return getattr(delta, name) if name else ""


# Messages


def test_a_message_is_answered(client, back):
    answer = say(client, back.model())
    assert (answer.type, answer.role, answer.stop_reason) == ("message", "assistant", "end_turn")
    assert answer.id and answer.model and answer.stop_sequence is None
    assert [(block.type, block.text) for block in answer.content] == [("text", "You said: Good morning")]
    assert answer.usage.input_tokens == 2 and answer.usage.output_tokens > 0


def test_an_answer_has_a_request_id(client, back):
    assert say(client, back.model())._request_id


@pytest.mark.parametrize("blocks", [False, True], ids=["text", "blocks"])
def test_instructions_and_earlier_turns_reach_the_model(client, back, blocks):
    said = ["My name is Ada.", "Hello Ada!", "What is my name?"]
    rule = "Answer in one short sentence."
    roles = ["user", "assistant", "user"]
    form = [{"type": "text", "text": rule, "cache_control": {"type": "ephemeral"}}] if blocks else rule
    messages = [{"role": role, "content": content} for role, content in zip(roles, said, strict=True)]
    answer = say(client, back.model(), messages=messages, system=form)
    assert text_of(answer) == "You said: What is my name?"
    assert answer.usage.input_tokens == words(rule, *said)


def test_text_survives_unharmed(client, back):
    assert text_of(say(client, back.model(), TRICKY)) == f"You said: {TRICKY}"
    ((_, text),), _ = follow(list(say(client, back.model(), TRICKY, stream=True)))
    assert text == f"You said: {TRICKY}"


def test_an_answer_ends_at_the_token_limit(client, back):
    answer = say(client, back.model(), SENTENCE, max_tokens=4)
    assert answer.stop_reason == "max_tokens" and 0 < answer.usage.output_tokens <= 4
    blocks, end = follow(list(say(client, back.model(), SENTENCE, max_tokens=4, stream=True)))
    assert end.delta.stop_reason == "max_tokens" and blocks[0][1] == text_of(answer)


@pytest.mark.can("stop")
def test_an_answer_ends_before_a_stop_sequence(client, back):
    answer = say(client, back.model(), SENTENCE, stop_sequences=["purple", "brown"])
    assert text_of(answer).rstrip() == "You said: the quick"
    # Most providers do not say which sequence it was, or that it was one.
    allowed = [("stop_sequence", "brown")] + ([] if back.can("stop_sequence") else [("end_turn", None)])
    assert (answer.stop_reason, answer.stop_sequence) in allowed


@pytest.mark.can("cache")
def test_tokens_read_from_the_cache_are_not_part_of_the_input(client, back):
    usage = say(client, back.model("cached")).usage
    assert (usage.input_tokens, usage.cache_read_input_tokens) == (2, 100)
    stream = list(say(client, back.model("cached"), stream=True))
    assert stream[-2].usage.cache_read_input_tokens == 100


def test_an_older_client_is_served(back):
    """Before 2.0 the SDK sent its key as x-api-key, another API version, and sampling parameters."""
    headers = {"Authorization": Omit(), "x-api-key": SESSION["key"], "anthropic-version": "2023-06-01"}
    with Anthropic(**WITH, default_headers=headers) as client:
        answer = say(client, back.model(), extra_body={"temperature": 0.5})
    assert text_of(answer) == "You said: Good morning"


@pytest.mark.can("version")
def test_the_newer_version_refuses_sampling_in_anthropics_own_words(client, back):
    with pytest.raises(anthropic.BadRequestError) as refused:
        say(client, back.model(), extra_body={"temperature": 0.5})
    assert_shape(refused.value, "invalid_request_error")
    assert "temperature" in refused.value.api_message and "2026-10-21" in refused.value.api_message


@pytest.mark.gateway
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_sampling_goes_where_it_is_taken_and_is_lost_elsewhere_if_the_caller_agrees(client, back, stream):
    answer = say(client, back.model(), stream=stream, extra_body={"temperature": 0.5, "drop_params": True})
    text = follow(list(answer))[0][0][1] if stream else text_of(answer)
    assert text == "You said: Good morning"


# Streams


def test_a_stream_says_what_a_whole_answer_says(client, back):
    whole = say(client, back.model(), SENTENCE)
    events = list(say(client, back.model(), SENTENCE, stream=True))
    blocks, end = follow(events)
    assert blocks == [["text", text_of(whole)]]
    assert (end.delta.stop_reason, end.delta.stop_sequence) == ("end_turn", None)
    assert end.usage.output_tokens == whole.usage.output_tokens
    assert len(events) > 6, "it must come in pieces"


def test_a_stream_cut_into_small_pieces_arrives_whole(client, back):
    ((_, text),), _ = follow(list(say(client, back.model("split"), TRICKY, stream=True)))
    assert text == f"You said: {TRICKY}"


def test_the_stream_helper_puts_a_message_together(client, back):
    with client.messages.stream(model=back.model(), max_tokens=1000, messages=[user(SENTENCE)]) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == text_of(final) == f"You said: {SENTENCE}"
    assert final.stop_reason == "end_turn"
    assert (final.usage.input_tokens, final.usage.output_tokens > 0) == (words(SENTENCE), True)


def test_a_stream_may_be_left_early(client, back):
    with say(client, back.model(), SENTENCE, stream=True) as stream:
        next(iter(stream))
    assert say(client, back.model()).content


# Tools


def test_a_tool_is_called_and_its_result_is_used(client, back):
    asked = [user("How is the weather?")]
    turn = say(client, back.model(), messages=asked, tools=TOOLS[:1])
    assert turn.stop_reason == "tool_use"
    (call,) = calls_of(turn)
    assert call.name == "weather" and call.id and fits_weather(call.input)
    messages = [*asked, {"role": "assistant", "content": turn.content}, results(turn, ["Rain until noon"])]
    final = say(client, back.model(), messages=messages, tools=TOOLS[:1])
    assert final.stop_reason == "end_turn" and "Rain until noon" in text_of(final)


def test_two_tools_are_called_at_once_and_both_results_are_used(client, back):
    asked = [user("Weather and time?")]
    turn = say(client, back.model("pair"), messages=asked, tools=TOOLS)
    assert [call.name for call in calls_of(turn)] == ["weather", "clock"]
    assert len({call.id for call in calls_of(turn)}) == 2
    answered = results(turn, ["Rain until noon", "Half past nine"])
    final = say(
        client,
        back.model("pair"),
        messages=[*asked, {"role": "assistant", "content": turn.content}, answered],
        tools=TOOLS,
    )
    assert "Rain until noon" in text_of(final) and "Half past nine" in text_of(final)


def test_a_tool_result_may_be_blocks_and_may_be_a_failure(client, back):
    asked = [user("How is the weather?")]
    turn = say(client, back.model(), messages=asked, tools=TOOLS[:1])
    result = results(turn, [[{"type": "text", "text": "No such city"}]])
    result["content"][0]["is_error"] = True
    messages = [*asked, {"role": "assistant", "content": turn.content}, result]
    assert "No such city" in text_of(say(client, back.model(), messages=messages, tools=TOOLS[:1]))


def test_parallel_calls_can_be_switched_off(client, back):
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    assert len(calls_of(say(client, back.model("pair"), tools=TOOLS, tool_choice=choice))) == 1


def test_tools_can_be_forbidden(client, back):
    turn = say(client, back.model(), tools=TOOLS, tool_choice={"type": "none"})
    assert not calls_of(turn) and turn.stop_reason == "end_turn"


def test_a_tool_can_be_demanded(client, back):
    (call,) = calls_of(say(client, back.model(), tools=TOOLS, tool_choice={"type": "tool", "name": "clock"}))
    assert call.name == "clock" and set(call.input) == {"zone"}
    assert calls_of(say(client, back.model(), tools=TOOLS, tool_choice={"type": "any"}))


@pytest.mark.gateway
def test_a_tool_keeps_its_name_where_the_provider_would_refuse_it(client, back):
    name = "mcp__" + "long" * 30
    tools = [{"name": name, "description": "Forecast", "input_schema": WEATHER}]
    asked = [user("How is the weather?")]
    turn = say(client, back.model(), messages=asked, tools=tools)
    assert [call.name for call in calls_of(turn)] == [name]
    events = say(client, back.model(), tools=tools, stream=True)
    blocks = [event.content_block for event in events if event.type == "content_block_start"]
    assert [block.name for block in blocks if block.type == "tool_use"] == [name]
    messages = [*asked, {"role": "assistant", "content": turn.content}, results(turn, ["Rain until noon"])]
    assert "Rain until noon" in text_of(say(client, back.model(), messages=messages, tools=tools))


@pytest.mark.gateway
@pytest.mark.parametrize("giver", ["openai-back", "gemini-back", "ollama-back"])
def test_a_conversation_with_thoughts_and_calls_goes_on_with_another_provider(client, back, giver):
    asked = [user("How is the weather?")]
    turn = say(client, Back(giver).proving, messages=asked, tools=TOOLS[:1], **THINK)
    messages = [*asked, {"role": "assistant", "content": turn.content}, results(turn, ["Rain until noon"])]
    assert "Rain until noon" in text_of(say(client, back.proving, messages=messages, tools=TOOLS[:1], **THINK))


@pytest.mark.parametrize(
    "mood, count",
    [("chat", 1), ("pair", 2), ("split", 1), pytest.param("tangle", 2, marks=pytest.mark.can("tangle"))],
)
def test_streamed_tool_calls_join_to_whole_ones(client, back, mood, count):
    blocks, end = follow(list(say(client, back.model(mood), "Weather?", tools=TOOLS, stream=True)))
    assert end.delta.stop_reason == "tool_use"
    calls = [json.loads(text) for kind, text in blocks if kind == "tool_use"]
    assert len(calls) == count and fits_weather(calls[0])
    assert count == 1 or set(calls[1]) == {"zone"}


def test_a_streamed_tool_call_can_be_continued(client, back):
    asked = [user("How is the weather?")]
    with client.messages.stream(model=back.model(), max_tokens=1000, messages=asked, tools=TOOLS[:1]) as stream:
        turn = stream.get_final_message()
    assert fits_weather(calls_of(turn)[0].input)
    messages = [*asked, {"role": "assistant", "content": turn.content}, results(turn, ["Hail"])]
    assert "Hail" in text_of(say(client, back.model(), messages=messages, tools=TOOLS[:1]))


@pytest.mark.can("signed")
def test_a_signature_on_a_call_finds_its_way_back(client, back):
    asked = [user("How is the weather?")]
    turn = say(client, back.model("signed"), messages=asked, tools=TOOLS[:1])
    messages = [*asked, {"role": "assistant", "content": turn.content}, results(turn, ["Sunny"])]
    assert "Sunny" in text_of(say(client, back.model("signed"), messages=messages, tools=TOOLS[:1]))


# Forms of answers


def test_an_answer_fits_its_schema(client, back):
    ask = {"model": back.model(), "max_tokens": 1000, "messages": [user("Plan a trip")]}
    trip = client.messages.parse(**ask, output_format=Trip).parsed_output
    assert isinstance(trip, Trip) and trip.title and trip.legs[0].by in ("train", "bus")


def test_a_streamed_answer_fits_its_schema(client, back):
    ask = {"model": back.model(), "max_tokens": 1000, "messages": [user("Plan a trip")]}
    with client.messages.stream(**ask, output_format=Trip) as stream:
        final = stream.get_final_message()
    assert isinstance(final.parsed_output, Trip)


def test_an_image_is_taken(client, back):
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    question = f"What do you see, {back.name}?"
    answer = say(client, back.model(), [image, {"type": "text", "text": question}])
    assert question in text_of(answer)
    assert any(question in request and PNG in request for request in upstream_requests())


# Thinking


def test_thinking_comes_before_the_answer(client, back):
    answer = say(client, back.model(), **THINK)
    assert [block.type for block in answer.content] == ["thinking", "text"]
    thought, text = answer.content
    assert "Good morning" in thought.thinking and isinstance(thought.signature, str)
    assert text.text == "You said: Good morning"


def test_thinking_can_be_asked_for_by_effort(client, back):
    answer = say(client, back.model(), thinking={"type": "adaptive"}, output_config={"effort": "low"})
    assert [block.type for block in answer.content] == ["thinking", "text"]


def test_thinking_is_streamed(client, back):
    whole = say(client, back.model(), **THINK)
    blocks, _ = follow(list(say(client, back.model(), **THINK, stream=True)))
    assert blocks == [["thinking", whole.content[0].thinking], ["text", whole.content[1].text]]


@pytest.mark.can("same_proof")
def test_a_streamed_signature_is_the_whole_ones(client, back):
    with client.messages.stream(model=back.model(), messages=[user("Good morning")], **THINK) as stream:
        thought = stream.get_final_message().content[0]
    whole = say(client, back.model(), **THINK).content[0]
    assert (thought.thinking, thought.signature) == (whole.thinking, whole.signature)


def test_no_thinking_is_shown_when_none_is_wanted(client, back):
    answer = say(client, back.model(), thinking={"type": "disabled"})
    assert [block.type for block in answer.content] == ["text"]


def test_thinking_can_be_sent_back(client, back):
    asked = [user("Think")]
    first = say(client, back.model(), messages=asked, **THINK)
    messages = [*asked, {"role": "assistant", "content": first.content}, user("Go on")]
    assert text_of(say(client, back.model(), messages=messages, **THINK)) == "You said: Go on"


def test_a_tool_call_after_thinking_can_be_continued(client, back):
    asked = [user("Weather?")]
    turn = say(client, back.model(), messages=asked, tools=TOOLS[:1], **THINK)
    assert [block.type for block in turn.content] == ["thinking", "tool_use"]
    messages = [*asked, {"role": "assistant", "content": turn.content}, results(turn, ["Snow"])]
    assert "Snow" in text_of(say(client, back.model(), messages=messages, tools=TOOLS[:1], **THINK))


# Other endpoints


def test_tokens_are_counted_without_a_call(client, back):
    def count(*texts, **more):
        return client.messages.count_tokens(model=back.model(), messages=[user(" ".join(texts))], **more).input_tokens

    assert 0 < count("hello") < count(*["hello"] * 200)
    assert count("hello") < count("hello", system="Be brief, be polite, and never tell anybody about the cake.")


@pytest.mark.gateway
def test_every_model_is_listed(client):
    listed = list(client.models.list(limit=1000))
    names = {name for back in SESSION["backs"].values() for name in back["models"].values()}
    assert {model.id for model in listed} == names
    assert all(model.type == "model" and model.display_name and model.created_at for model in listed)


@pytest.mark.gateway
def test_a_single_model_is_described(client, back):
    assert client.models.retrieve(back.model()).id == back.model()
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("nobody")


# Errors


def assert_shape(error, kind=None):
    """The body that the SDK reads: `error` with a type and a message, and nothing that must stay secret."""
    assert error.body["type"] == "error"
    assert error.type and (kind is None or error.type == kind)
    assert error.api_message and isinstance(error.api_message, str)
    assert SESSION["upstream_key"] not in str(error)


@pytest.mark.gateway
@pytest.mark.parametrize("key", ["sk-wrong", "not a key at all"])
def test_a_wrong_key_is_refused(back, key):
    with Anthropic(**WITH | {"api_key": key}) as client, pytest.raises(anthropic.AuthenticationError) as refused:
        say(client, back.model())
    assert_shape(refused.value, "authentication_error")
    assert key not in str(refused.value)


@pytest.mark.gateway
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_an_unknown_model_is_refused(client, stream):
    with pytest.raises((anthropic.NotFoundError, anthropic.BadRequestError)) as refused:
        say(client, "nobody", stream=stream)
    assert_shape(refused.value)
    assert "nobody" in refused.value.api_message


@pytest.mark.parametrize(
    "wrong",
    [{"messages": []}, {"messages": "hi"}, {"messages": [{"role": "pope", "content": "hi"}]}, {"max_tokens": "many"}],
    ids=["no messages", "messages as text", "unknown role", "limit as text"],
)
def test_a_bad_request_is_refused(client, back, wrong):
    good = {"model": back.model(), "max_tokens": 10, "messages": [user("hi")]}
    with pytest.raises(anthropic.BadRequestError) as refused:
        client.post("/v1/messages", body=good | wrong, cast_to=object)
    assert_shape(refused.value, "invalid_request_error")


FAULTS = [
    ("limited", anthropic.RateLimitError, "rate_limit_error"),
    ("failing", anthropic.InternalServerError, "api_error"),
    ("overloaded", anthropic.OverloadedError, "overloaded_error"),
    ("gone", anthropic.NotFoundError, "not_found_error"),
    ("long", anthropic.BadRequestError, "invalid_request_error"),
    pytest.param("locked", anthropic.InternalServerError, "api_error", marks=pytest.mark.gateway),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("mood, kind, word", FAULTS)
def test_a_providers_fault_has_the_sdks_class(client, back, mood, kind, word, stream):
    with pytest.raises(kind) as failed:
        say(client, back.model(mood), stream=stream)
    assert_shape(failed.value, word)
    if mood == "limited":
        assert failed.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    "mood",
    [
        "breaks",
        pytest.param("cut", marks=pytest.mark.gateway),
        pytest.param("short", marks=pytest.mark.gateway),
    ],
)
def test_a_stream_that_fails_midway_raises(client, back, mood):
    seen = []
    with pytest.raises(anthropic.APIStatusError) as failed:
        for event in say(client, back.model(mood), SENTENCE, stream=True):
            seen.append(event)
    assert_shape(failed.value)
    text = "".join(delta_text(event.delta) for event in seen if event.type == "content_block_delta")
    assert text and f"You said: {SENTENCE}".startswith(text)
    assert "message_stop" not in {event.type for event in seen}


# Asynchronous client


def test_many_calls_at_once_get_their_own_answers(back):
    async def one(client, number):
        content = f"caller number {number}"
        if number % 2:
            return content, text_of(await say(client, back.model(), content))
        events = [event async for event in await say(client, back.model(), content, stream=True)]
        return content, follow(events)[0][0][1]

    async def all_of_them():
        async with AsyncAnthropic(**WITH) as client:
            return await asyncio.gather(*(one(client, number) for number in range(32)))

    for content, answer in asyncio.run(all_of_them()):
        assert answer == f"You said: {content}"


def test_the_asynchronous_client_sees_the_same_errors(back):
    async def fail(mood):
        async with AsyncAnthropic(**WITH) as client:
            return [event async for event in await say(client, back.model(mood), SENTENCE, stream=True)]

    with pytest.raises(anthropic.RateLimitError):
        asyncio.run(fail("limited"))
    with pytest.raises(anthropic.APIStatusError):
        asyncio.run(fail("breaks"))


@pytest.mark.gateway
def test_the_callers_key_stays_at_the_gateway(client, back):
    say(client, back.model(), f"Who sees my key, {back.name}?")
    sent = upstream_requests()
    assert any(f"Who sees my key, {back.name}?" in request for request in sent)
    assert not any(SESSION["key"] in request for request in sent)
