"""Google's Gen AI SDK against the gateway, over every back. What the SDK documents is the specification."""

import asyncio
import base64

import pytest
from google import genai
from google.genai import errors, types

from common import CLOCK, PNG, TRICKY, WEATHER, Trip, fits_weather
from conftest import SESSION

SENTENCE = "the quick brown fox jumps over the lazy dog"


def connected(key):
    options = types.HttpOptions(base_url=SESSION["base"], timeout=30_000)
    return genai.Client(api_key=key, vertexai=False, http_options=options)


@pytest.fixture(scope="module")
def client():
    return connected(SESSION["key"])


def function(name, schema):
    return types.FunctionDeclaration(name=name, description="A tool", parameters_json_schema=schema)


TOOLS = [types.Tool(function_declarations=[function("weather", WEATHER), function("clock", CLOCK)])]
BY_HAND = types.AutomaticFunctionCallingConfig(disable=True)


def say(client, model, content="Good morning", **config):
    return client.models.generate_content(model=model, contents=content, config=config or None)


def streamed(client, model, content="Good morning", **config):
    return list(client.models.generate_content_stream(model=model, contents=content, config=config or None))


def test_an_answer_is_given(client, back):
    answer = say(client, back.model())
    assert answer.text == "You said: Good morning"
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    assert answer.usage_metadata.prompt_token_count > 0 and answer.usage_metadata.candidates_token_count > 0
    assert answer.response_id and answer.model_version


def test_text_survives_unharmed(client, back):
    assert say(client, back.model(), TRICKY).text == f"You said: {TRICKY}"
    pieces = streamed(client, back.model("split"), TRICKY)
    assert "".join(piece.text or "" for piece in pieces) == f"You said: {TRICKY}"


def test_a_stream_says_what_a_whole_answer_says(client, back):
    pieces, whole = streamed(client, back.model()), say(client, back.model())
    assert "".join(piece.text or "" for piece in pieces) == whole.text
    last = pieces[-1]
    assert last.candidates[0].finish_reason == whole.candidates[0].finish_reason
    assert last.usage_metadata.total_token_count == whole.usage_metadata.total_token_count


def test_instructions_and_earlier_turns_are_taken(client, back):
    chat = client.chats.create(model=back.model(), config={"system_instruction": "Be brief."})
    assert chat.send_message("first").text == "You said: first"
    assert chat.send_message("second").text == "You said: second"


def test_an_answer_ends_at_the_token_limit(client, back):
    answer = say(client, back.model(), SENTENCE, max_output_tokens=4)
    assert answer.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS


@pytest.mark.can("stop")
def test_an_answer_ends_before_a_stop_sequence(client, back):
    assert say(client, back.model(), SENTENCE, stop_sequences=["brown"]).text == "You said: the quick "


@pytest.mark.can("n")
def test_several_answers_come_with_their_indexes(client, back):
    answer = say(client, back.model(), candidate_count=3)
    assert [candidate.index or 0 for candidate in answer.candidates] == [0, 1, 2]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_functions_are_called_and_their_results_are_used(client, back, stream):
    config = {"tools": TOOLS, "automatic_function_calling": BY_HAND}
    ask = streamed if stream else say
    answer = ask(client, back.model("pair"), "Weather and time?", **config)
    answers = answer if stream else [answer]
    said = [part for one in answers for part in (one.candidates[0].content.parts or [])]
    calls = [part.function_call for part in said if part.function_call]
    assert [call.name for call in calls] == ["weather", "clock"]
    assert fits_weather(calls[0].args)
    results = [
        types.Part(function_response=types.FunctionResponse(id=call.id, name=call.name, response={"output": text}))
        for call, text in zip(calls, ["sunny", "noon"], strict=True)
    ]
    history = [
        types.Content(role="user", parts=[types.Part(text="Weather and time?")]),
        types.Content(role="model", parts=[part for part in said if part.function_call]),
        types.Content(role="user", parts=results),
    ]
    said = say(client, back.model(), history, **config).text
    assert "sunny" in said or "noon" in said, said


def test_a_function_can_be_demanded(client, back):
    mode = types.FunctionCallingConfig(mode="ANY", allowed_function_names=["clock"])
    config = {"tools": TOOLS, "automatic_function_calling": BY_HAND, "tool_config": {"function_calling_config": mode}}
    answer = say(client, back.model(), "Hello", **config)
    assert [call.name for call in answer.function_calls] == ["clock"]


def test_an_answer_fits_its_schema(client, back):
    answer = say(client, back.model(), "Plan a trip", response_mime_type="application/json", response_schema=Trip)
    assert isinstance(answer.parsed, Trip)


def test_an_image_is_taken(client, back):


    picture = types.Part.from_bytes(data=base64.b64decode(PNG), mime_type="image/png")
    assert say(client, back.model(), ["What is this?", picture]).text


def test_thinking_is_told_apart(client, back):
    thinking = types.ThinkingConfig(thinking_budget=2048, include_thoughts=True)
    answer = say(client, back.proving, thinking_config=thinking)
    thoughts = [part.text for part in answer.candidates[0].content.parts if part.thought]
    assert thoughts and answer.text and answer.text not in thoughts


@pytest.mark.can("embed")
def test_texts_are_embedded(client, back):
    both = client.models.embed_content(model=back.model("embed"), contents=["a", "b"]).embeddings
    assert len(both) == 2 and both[0].values != both[1].values


def test_tokens_are_counted(client, back):
    assert client.models.count_tokens(model=back.model(), contents=SENTENCE).total_tokens > 0


@pytest.mark.gateway
def test_models_are_listed_and_shown(client, back):
    assert f"models/{back.model()}" in [model.name for model in client.models.list()]
    assert client.models.get(model=back.model()).name == f"models/{back.model()}"


@pytest.mark.gateway
def test_a_wrong_key_is_refused(back):
    with pytest.raises(errors.ClientError) as refused:
        say(connected("sk-wrong"), back.model())
    assert refused.value.code == 401 and refused.value.status == "UNAUTHENTICATED"


@pytest.mark.gateway
def test_an_unknown_model_is_refused(client):
    with pytest.raises(errors.ClientError) as refused:
        say(client, "no-such-model")
    assert "no-such-model" in refused.value.message


@pytest.mark.parametrize("mood, code", [("limited", 429), ("failing", 500), ("overloaded", 503)])
def test_a_providers_fault_has_its_code(client, back, mood, code):
    with pytest.raises(errors.APIError) as fault:
        say(client, back.model(mood))
    assert fault.value.code == code and fault.value.message


@pytest.mark.parametrize("mood", ["breaks", "cut"])
def test_a_stream_that_breaks_is_an_error(client, back, mood):
    with pytest.raises(errors.APIError):
        streamed(client, back.model(mood), SENTENCE)


def test_the_asynchronous_client_works_too(back):
    async def talk():
        client = connected(SESSION["key"])
        stream = await client.aio.models.generate_content_stream(model=back.model(), contents="Good morning")
        return "".join([piece.text or "" async for piece in stream])

    assert asyncio.run(talk()) == "You said: Good morning"
