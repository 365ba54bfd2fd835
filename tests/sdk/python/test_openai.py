"""The OpenAI SDK against the gateway, over every back. What the SDK documents is the specification."""

import asyncio
import base64
import json

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from common import CLOCK, PNG, TRICKY, WEATHER, Trip, fits_weather, upstream_requests, words
from conftest import SESSION, Back

WITH = {"base_url": f"{SESSION['base']}/v1", "api_key": SESSION["key"], "max_retries": 0, "timeout": 30}
TOOLS = [
    {"type": "function", "function": {"name": "weather", "description": "Forecast", "parameters": WEATHER}},
    {"type": "function", "function": {"name": "clock", "description": "Local time", "parameters": CLOCK}},
]
SENTENCE = "the quick brown fox jumps over the lazy dog"


@pytest.fixture(scope="module")
def client():
    with OpenAI(**WITH) as client:
        yield client


def user(content):
    return {"role": "user", "content": content}


def say(client, model, content="Good morning", **more):
    return client.chat.completions.create(model=model, messages=[user(content)], **more)


def text_of(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def answers(message, results):
    """The turn after a tool call: the assistant's message as the SDK gives it, then one result per call."""
    tools = [
        {"role": "tool", "tool_call_id": call.id, "content": result}
        for call, result in zip(message.tool_calls, results, strict=True)
    ]
    return [message.model_dump(exclude_none=True), *tools]


# Chat


def test_a_chat_is_answered(client, back):
    answer = say(client, back.model())
    assert answer.object == "chat.completion" and answer.id and answer.model and answer.created > 0
    (choice,) = answer.choices
    assert (choice.index, choice.finish_reason, choice.message.role) == (0, "stop", "assistant")
    assert choice.message.content == "You said: Good morning"
    assert choice.message.tool_calls is None and choice.message.refusal is None
    assert answer.usage.prompt_tokens == 2 and answer.usage.completion_tokens > 0
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_an_answer_has_a_request_id(client, back):
    assert say(client, back.model())._request_id


@pytest.mark.parametrize("role", ["system", "developer"])
def test_instructions_and_earlier_turns_reach_the_model(client, back, role):
    said = ["Answer in one short sentence.", "My name is Ada.", "Hello Ada!", "What is my name?"]
    roles = [role, "user", "assistant", "user"]
    messages = [{"role": role, "content": content} for role, content in zip(roles, said, strict=True)]
    answer = client.chat.completions.create(model=back.model(), messages=messages)
    assert answer.choices[0].message.content == "You said: What is my name?"
    assert answer.usage.prompt_tokens == words(*said)


def test_content_may_come_in_parts(client, back):
    parts = [{"type": "text", "text": "Good"}, {"type": "text", "text": "evening"}]
    answer = say(client, back.model(), parts)
    assert "Good" in answer.choices[0].message.content and "evening" in answer.choices[0].message.content


def test_text_survives_unharmed(client, back):
    assert say(client, back.model(), TRICKY).choices[0].message.content == f"You said: {TRICKY}"
    assert text_of(say(client, back.model(), TRICKY, stream=True)) == f"You said: {TRICKY}"


def test_sampling_parameters_are_taken(client, back):
    answer = say(client, back.model(), temperature=0.2, user="ada")
    assert answer.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("limit", ["max_completion_tokens", "max_tokens"])
def test_an_answer_ends_at_the_token_limit(client, back, limit):
    answer = say(client, back.model(), SENTENCE, **{limit: 4})
    assert answer.choices[0].finish_reason == "length"
    assert 0 < answer.usage.completion_tokens <= 4
    chunks = list(say(client, back.model(), SENTENCE, stream=True, **{limit: 4}))
    assert text_of(chunks) == answer.choices[0].message.content
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "length"


@pytest.mark.can("stop")
@pytest.mark.parametrize("stop", ["brown", ["purple", "brown"]], ids=["one", "several"])
def test_an_answer_ends_before_a_stop_sequence(client, back, stop):
    answer = say(client, back.model(), SENTENCE, stop=stop)
    assert answer.choices[0].message.content.rstrip() == "You said: the quick"
    assert answer.choices[0].finish_reason == "stop"


@pytest.mark.can("n")
def test_several_answers_come_with_their_indexes(client, back):
    answer = say(client, back.model(), n=2)
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert answer.choices[0].message.content != answer.choices[1].message.content


@pytest.mark.can("logprobs")
def test_log_probabilities_cover_the_text(client, back):
    choice = say(client, back.model(), logprobs=True, top_logprobs=2).choices[0]
    assert "".join(token.token for token in choice.logprobs.content) == choice.message.content
    assert all(len(token.top_logprobs) == 2 for token in choice.logprobs.content)


@pytest.mark.can("cache")
def test_tokens_read_from_the_cache_are_part_of_the_prompt(client, back):
    usage = say(client, back.model("cached")).usage
    assert (usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens) == (102, 100)


# Streams


def test_a_stream_says_what_a_whole_answer_says(client, back):
    whole = say(client, back.model(), SENTENCE)
    chunks = list(say(client, back.model(), SENTENCE, stream=True))
    assert text_of(chunks) == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len({(chunk.id, chunk.model, chunk.object) for chunk in chunks}) == 1
    assert chunks[0].object == "chat.completion.chunk"
    assert [c.choices[0].finish_reason for c in chunks if c.choices[0].finish_reason] == ["stop"]
    assert len(chunks) > 3, "it must come in pieces"


def test_a_stream_shows_usage_only_when_asked(client, back):
    chunks = list(say(client, back.model(), stream=True))
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


def test_a_stream_shows_usage_exactly_once_when_asked(client, back):
    whole = say(client, back.model())
    chunks = list(say(client, back.model(), stream=True, stream_options={"include_usage": True}))
    assert [chunk.usage is not None for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1].choices == []
    seen, expected = chunks[-1].usage, whole.usage
    assert (seen.prompt_tokens, seen.completion_tokens) == (expected.prompt_tokens, expected.completion_tokens)
    assert seen.total_tokens == expected.total_tokens


def test_a_stream_cut_into_small_pieces_arrives_whole(client, back):
    assert text_of(say(client, back.model("split"), TRICKY, stream=True)) == f"You said: {TRICKY}"


def test_the_stream_helper_puts_an_answer_together(client, back):
    with client.chat.completions.stream(model=back.model(), messages=[user(SENTENCE)]) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion()
    assert "".join(deltas) == final.choices[0].message.content == f"You said: {SENTENCE}"


def test_a_stream_may_be_left_early(client, back):
    with say(client, back.model(), SENTENCE, stream=True) as stream:
        next(iter(stream))
    assert say(client, back.model()).choices


# Tools


def test_a_tool_is_called_and_its_result_is_used(client, back):
    asked = [user("How is the weather?")]
    turn = client.chat.completions.create(model=back.model(), messages=asked, tools=TOOLS[:1])
    choice = turn.choices[0]
    assert choice.finish_reason == "tool_calls" and not choice.message.content
    (call,) = choice.message.tool_calls
    assert (call.type, call.function.name) == ("function", "weather") and call.id
    assert fits_weather(json.loads(call.function.arguments))
    messages = asked + answers(choice.message, ["Rain until noon"])
    final = client.chat.completions.create(model=back.model(), messages=messages, tools=TOOLS[:1])
    assert final.choices[0].finish_reason == "stop"
    assert "Rain until noon" in final.choices[0].message.content


def test_two_tools_are_called_at_once_and_both_results_are_used(client, back):
    asked = [user("Weather and time?")]
    turn = client.chat.completions.create(model=back.model("pair"), messages=asked, tools=TOOLS)
    message = turn.choices[0].message
    assert [call.function.name for call in message.tool_calls] == ["weather", "clock"]
    assert len({call.id for call in message.tool_calls}) == 2
    messages = asked + answers(message, ["Rain until noon", "Half past nine"])
    final = client.chat.completions.create(model=back.model("pair"), messages=messages, tools=TOOLS)
    assert "Rain until noon" in final.choices[0].message.content
    assert "Half past nine" in final.choices[0].message.content


def test_a_tool_result_may_come_in_parts(client, back):
    asked = [user("How is the weather?")]
    turn = client.chat.completions.create(model=back.model(), messages=asked, tools=TOOLS[:1])
    turns = answers(turn.choices[0].message, [[{"type": "text", "text": "Fog"}]])
    final = client.chat.completions.create(model=back.model(), messages=asked + turns, tools=TOOLS[:1])
    assert "Fog" in final.choices[0].message.content


def test_parallel_calls_can_be_switched_off(client, back):
    turn = say(client, back.model("pair"), tools=TOOLS, parallel_tool_calls=False)
    assert len(turn.choices[0].message.tool_calls) == 1


def test_tools_can_be_forbidden(client, back):
    turn = say(client, back.model(), tools=TOOLS, tool_choice="none")
    assert turn.choices[0].message.tool_calls is None
    assert turn.choices[0].finish_reason == "stop"


def test_a_tool_can_be_demanded(client, back):
    named = {"type": "function", "function": {"name": "clock"}}
    (call,) = say(client, back.model(), tools=TOOLS, tool_choice=named).choices[0].message.tool_calls
    assert call.function.name == "clock" and set(json.loads(call.function.arguments)) == {"zone"}
    assert say(client, back.model(), tools=TOOLS, tool_choice="required").choices[0].message.tool_calls


@pytest.mark.gateway
@pytest.mark.can("tool_names")
@pytest.mark.parametrize("name", ["files/read.text", "mcp__" + "long" * 40], ids=["odd", "long"])
def test_a_tool_keeps_its_name_where_the_provider_would_refuse_it(client, back, name):
    tools = [{"type": "function", "function": {"name": name, "parameters": WEATHER}}]
    asked = [user("How is the weather?")]
    message = client.chat.completions.create(model=back.model(), messages=asked, tools=tools).choices[0].message
    assert [call.function.name for call in message.tool_calls] == [name]
    chunks = list(client.chat.completions.create(model=back.model(), messages=asked, tools=tools, stream=True))
    parts = [part for chunk in chunks for choice in chunk.choices for part in choice.delta.tool_calls or []]
    assert [part.function.name for part in parts if part.function.name] == [name]
    messages = asked + answers(message, ["Rain until noon"])
    final = client.chat.completions.create(model=back.model(), messages=messages, tools=tools)
    assert "Rain until noon" in final.choices[0].message.content


@pytest.mark.gateway
@pytest.mark.parametrize("giver", ["anthropic-back", "gemini-back"])
def test_a_conversation_with_reasoning_and_calls_goes_on_with_another_provider(client, back, giver):
    asked = [user("How is the weather?")]
    ask = {"tools": TOOLS[:1], "reasoning_effort": "low"}
    first = client.chat.completions.create(model=Back(giver).proving, messages=asked, **ask).choices[0].message
    messages = asked + answers(first, ["Rain until noon"])
    final = client.chat.completions.create(model=back.proving, messages=messages, **ask)
    assert "Rain until noon" in final.choices[0].message.content


@pytest.mark.parametrize(
    "mood, count",
    [("chat", 1), ("pair", 2), ("split", 1), pytest.param("tangle", 2, marks=pytest.mark.can("tangle"))],
)
def test_streamed_tool_calls_join_to_whole_ones(client, back, mood, count):
    calls, finish = {}, None
    for chunk in say(client, back.model(mood), "Weather?", tools=TOOLS, stream=True):
        (choice,) = chunk.choices
        finish = choice.finish_reason or finish
        for part in choice.delta.tool_calls or []:
            call = calls.setdefault(part.index, {"id": "", "name": "", "arguments": ""})
            call["id"] += part.id or ""
            call["name"] += part.function.name or ""
            call["arguments"] += part.function.arguments or ""
    assert finish == "tool_calls"
    assert [calls[index]["name"] for index in range(count)] == ["weather", "clock"][:count]
    assert len({call["id"] for call in calls.values()}) == count and all(call["id"] for call in calls.values())
    assert fits_weather(json.loads(calls[0]["arguments"]))
    assert count == 1 or set(json.loads(calls[1]["arguments"])) == {"zone"}


def test_a_streamed_tool_call_can_be_continued(client, back):
    asked = [user("How is the weather?")]
    with client.chat.completions.stream(model=back.model(), messages=asked, tools=TOOLS[:1]) as stream:
        message = stream.get_final_completion().choices[0].message
    assert fits_weather(json.loads(message.tool_calls[0].function.arguments))
    turns = [
        {
            "role": "assistant",
            "tool_calls": [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.function.name, "arguments": call.function.arguments},
                }
                for call in message.tool_calls
            ],
        },
        {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "Hail"},
    ]
    final = client.chat.completions.create(model=back.model(), messages=asked + turns, tools=TOOLS[:1])
    assert "Hail" in final.choices[0].message.content


@pytest.mark.can("signed")
def test_a_signature_on_a_call_finds_its_way_back(client, back):
    asked = [user("How is the weather?")]
    turn = client.chat.completions.create(model=back.model("signed"), messages=asked, tools=TOOLS[:1])
    messages = asked + answers(turn.choices[0].message, ["Sunny"])
    final = client.chat.completions.create(model=back.model("signed"), messages=messages, tools=TOOLS[:1])
    assert "Sunny" in final.choices[0].message.content


# Forms of answers


def test_an_answer_fits_its_schema(client, back):
    messages = [user("Plan a trip")]
    answer = client.chat.completions.parse(model=back.model(), messages=messages, response_format=Trip)
    trip = answer.choices[0].message.parsed
    assert isinstance(trip, Trip) and trip.title and trip.legs[0].by in ("train", "bus")


def test_a_streamed_answer_fits_its_schema(client, back):
    messages = [user("Plan a trip")]
    with client.chat.completions.stream(model=back.model(), messages=messages, response_format=Trip) as stream:
        final = stream.get_final_completion()
    assert isinstance(final.choices[0].message.parsed, Trip)


@pytest.mark.can("json_mode")
def test_an_answer_can_be_any_json(client, back):
    answer = say(client, back.model(), "Answer in JSON", response_format={"type": "json_object"})
    assert isinstance(json.loads(answer.choices[0].message.content), dict)


def test_an_image_is_taken(client, back):
    question = f"What is this, {back.name}?"
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "low"}}
    answer = say(client, back.model(), [{"type": "text", "text": question}, image])
    assert question in answer.choices[0].message.content
    assert any(question in request and PNG in request for request in upstream_requests())


# Reasoning


def test_reasoning_is_shown_and_counted(client, back):
    answer = say(client, back.model(), reasoning_effort="low")
    message = answer.choices[0].message
    assert "Good morning" in message.reasoning_content
    assert message.content == "You said: Good morning"
    if back.can("reasoning_count"):
        assert 0 < answer.usage.completion_tokens_details.reasoning_tokens < answer.usage.completion_tokens


def test_reasoning_is_streamed_before_the_answer(client, back):
    chunks = list(say(client, back.model(), reasoning_effort="low", stream=True))
    kinds = [
        "reasoning" if getattr(chunk.choices[0].delta, "reasoning_content", None) else "text"
        for chunk in chunks
        if getattr(chunk.choices[0].delta, "reasoning_content", None) or chunk.choices[0].delta.content
    ]
    assert kinds == sorted(kinds) and {"reasoning", "text"} == set(kinds)
    thought = "".join(getattr(chunk.choices[0].delta, "reasoning_content", None) or "" for chunk in chunks)
    assert thought == say(client, back.model(), reasoning_effort="low").choices[0].message.reasoning_content
    assert text_of(chunks) == "You said: Good morning"


def test_no_reasoning_is_shown_when_none_is_wanted(client, back):
    message = say(client, back.model(), reasoning_effort="none").choices[0].message
    assert not getattr(message, "reasoning_content", None)


def test_an_answer_with_reasoning_can_be_sent_back(client, back):
    asked = [user("Think")]
    first = client.chat.completions.create(model=back.model(), messages=asked, reasoning_effort="low")
    messages = [*asked, first.choices[0].message.model_dump(exclude_none=True), user("Go on")]
    second = client.chat.completions.create(model=back.model(), messages=messages, reasoning_effort="low")
    assert second.choices[0].message.content == "You said: Go on"


def test_a_tool_call_after_reasoning_can_be_continued(client, back):
    ask = {"model": back.model(), "tools": TOOLS[:1], "reasoning_effort": "low"}
    asked = [user("Weather?")]
    turn = client.chat.completions.create(messages=asked, **ask).choices[0].message
    assert turn.reasoning_content and turn.tool_calls
    final = client.chat.completions.create(messages=asked + answers(turn, ["Snow"]), **ask)
    assert "Snow" in final.choices[0].message.content


# Other endpoints


@pytest.mark.can("embed")
def test_embeddings_are_the_same_in_either_encoding(client, back):
    packed = client.embeddings.create(model=back.model("embed"), input="hello")
    plain = client.embeddings.create(model=back.model("embed"), input="hello", encoding_format="float")
    assert (packed.object, packed.data[0].object, packed.data[0].index) == ("list", "embedding", 0)
    assert packed.data[0].embedding == pytest.approx(plain.data[0].embedding, abs=1e-6)
    assert len(plain.data[0].embedding) > 1
    assert packed.usage.prompt_tokens > 0 and packed.usage.total_tokens == packed.usage.prompt_tokens


@pytest.mark.can("embed")
def test_several_texts_are_embedded_in_order(client, back):
    both = client.embeddings.create(model=back.model("embed"), input=["one", "two"])
    alone = [client.embeddings.create(model=back.model("embed"), input=text).data[0] for text in ("one", "two")]
    assert [vector.index for vector in both.data] == [0, 1]
    for vector, expected in zip(both.data, alone, strict=True):
        assert vector.embedding == pytest.approx(expected.embedding, abs=1e-6)
    assert both.data[0].embedding != both.data[1].embedding


@pytest.mark.can("embed")
@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_embeddings_have_the_dimensions_asked_for(client, back, encoding):
    ask = {"model": back.model("embed"), "input": "hello", "dimensions": 16, "encoding_format": encoding}
    embedding = client.embeddings.create(**ask).data[0].embedding
    # The SDK decodes base64 only where it was the SDK's own idea: here it is text, four bytes to a number.
    assert (len(embedding) if encoding == "float" else len(base64.b64decode(embedding)) / 4) == 16


@pytest.mark.gateway
def test_a_back_without_embeddings_says_so(client):
    with pytest.raises(openai.BadRequestError) as refused:
        client.embeddings.create(model="anthropic-back", input="hello")
    assert_shape(refused.value)


def test_an_old_completion_is_answered(client, back):
    answer = client.completions.create(model=back.model(), prompt=SENTENCE)
    assert answer.object == "text_completion"
    assert (answer.choices[0].index, answer.choices[0].finish_reason) == (0, "stop")
    assert answer.choices[0].text == f"You said: {SENTENCE}"
    assert answer.usage.prompt_tokens == words(SENTENCE)
    short = client.completions.create(model=back.model(), prompt=SENTENCE, max_tokens=4)
    assert short.choices[0].finish_reason == "length"


def test_an_old_completion_is_streamed(client, back):
    chunks = list(client.completions.create(model=back.model(), prompt=SENTENCE, stream=True))
    assert {chunk.object for chunk in chunks} == {"text_completion"}
    assert "".join(chunk.choices[0].text for chunk in chunks) == f"You said: {SENTENCE}"
    assert [c.choices[0].finish_reason for c in chunks if c.choices[0].finish_reason] == ["stop"]


@pytest.mark.gateway
def test_every_model_is_listed(client):
    listed = list(client.models.list())
    names = {name for back in SESSION["backs"].values() for name in back["models"].values()}
    assert {model.id for model in listed} == names
    assert all(model.object == "model" and model.created > 0 and model.owned_by for model in listed)


@pytest.mark.gateway
def test_a_single_model_is_described(client, back):
    assert client.models.retrieve(back.model()).id == back.model()
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nobody")


# Errors


def assert_shape(error):
    """The body that the SDK reads: it has these four, and a message for people that leaks nothing."""
    assert {"message", "type", "param", "code"} <= set(error.body)
    assert error.body["message"] and isinstance(error.body["message"], str)
    assert isinstance(error.type, str) and (error.code is None or isinstance(error.code, str))
    assert SESSION["upstream_key"] not in str(error)


@pytest.mark.gateway
@pytest.mark.parametrize("key", ["sk-wrong", "not a key at all"])
def test_a_wrong_key_is_refused(back, key):
    with OpenAI(**WITH | {"api_key": key}) as client, pytest.raises(openai.AuthenticationError) as refused:
        say(client, back.model())
    assert_shape(refused.value)
    assert key not in str(refused.value)


@pytest.mark.gateway
@pytest.mark.parametrize("stream", [False, True])
def test_an_unknown_model_is_refused(client, stream):
    with pytest.raises((openai.BadRequestError, openai.NotFoundError)) as refused:
        say(client, "nobody", stream=stream)
    assert_shape(refused.value)
    assert "nobody" in refused.value.message


@pytest.mark.parametrize(
    "wrong",
    [{"messages": []}, {"messages": "hello"}, {"messages": [{"role": "pope", "content": "hi"}]}],
    ids=["no messages", "messages as text", "unknown role"],
)
def test_a_bad_request_is_refused(client, back, wrong):
    with pytest.raises(openai.BadRequestError) as refused:
        client.post("/chat/completions", body={"model": back.model(), **wrong}, cast_to=object)
    assert_shape(refused.value)


FAULTS = [
    ("limited", openai.RateLimitError),
    ("failing", openai.InternalServerError),
    ("overloaded", openai.InternalServerError),
    ("gone", openai.NotFoundError),
    ("long", openai.BadRequestError),
    pytest.param("locked", openai.InternalServerError, marks=pytest.mark.gateway),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("mood, kind", FAULTS)
def test_a_providers_fault_has_the_sdks_class(client, back, mood, kind, stream):
    with pytest.raises(kind) as failed:
        say(client, back.model(mood), stream=stream)
    assert_shape(failed.value)
    if mood == "limited":
        assert failed.value.response.headers["retry-after"] == "7"
    if mood == "long":
        assert failed.value.code == "context_length_exceeded"


@pytest.mark.parametrize(
    "mood",
    ["breaks", "cut", pytest.param("short", marks=pytest.mark.gateway)],
)
def test_a_stream_that_fails_midway_raises(client, back, mood):
    seen = []
    with pytest.raises(openai.APIError) as failed:
        for chunk in say(client, back.model(mood), SENTENCE, stream=True):
            seen.append(chunk)
    assert text_of(seen) and f"You said: {SENTENCE}".startswith(text_of(seen))
    assert not any(chunk.choices[0].finish_reason for chunk in seen if chunk.choices)
    assert SESSION["upstream_key"] not in str(failed.value)


# Asynchronous client


def test_many_calls_at_once_get_their_own_answers(back):
    async def one(client, number):
        content = f"caller number {number}"
        if number % 2:
            return content, (await say(client, back.model(), content)).choices[0].message.content
        chunks = [chunk async for chunk in await say(client, back.model(), content, stream=True)]
        return content, text_of(chunks)

    async def all_of_them():
        async with AsyncOpenAI(**WITH) as client:
            return await asyncio.gather(*(one(client, number) for number in range(32)))

    for content, answer in asyncio.run(all_of_them()):
        assert answer == f"You said: {content}"


def test_the_asynchronous_client_sees_the_same_errors(back):
    async def fail(mood):
        async with AsyncOpenAI(**WITH) as client:
            return [chunk async for chunk in await say(client, back.model(mood), SENTENCE, stream=True)]

    with pytest.raises(openai.RateLimitError):
        asyncio.run(fail("limited"))
    with pytest.raises(openai.APIError):
        asyncio.run(fail("breaks"))


@pytest.mark.gateway
def test_the_callers_key_stays_at_the_gateway(client, back):
    say(client, back.model(), f"Where does my key go, {back.name}?")
    sent = upstream_requests()
    assert any(f"Where does my key go, {back.name}?" in request for request in sent)
    assert not any(SESSION["key"] in request for request in sent)
