"""The OpenAI SDK against a real Ollama behind the gateway, with the model of tiny_model.py: what the mock of an Ollama
cannot promise. Started by tools/ollama.py."""

import json
import os

import httpx
import openai
import pytest

SESSION = json.loads(os.environ["LOCKGATE_OLLAMA"])
SAYS = "Hello from a tiny model."
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
QUESTION = {"role": "user", "content": "What is the weather in Paris?"}


@pytest.fixture(scope="module")
def client():
    with openai.OpenAI(base_url=f"{SESSION['base']}/v1", api_key=SESSION["key"], max_retries=0, timeout=120) as client:
        yield client


def manage(method, path, **more):
    headers = {"authorization": f"Bearer {SESSION['key']}"}
    return httpx.request(method, f"{SESSION['base']}{path}", headers=headers, timeout=120, **more)


def node():
    (node,) = manage("GET", "/nodes").json()["nodes"]
    return node


def test_a_chat_is_answered_and_counted(client):
    answer = client.chat.completions.create(model="tiny", messages=[QUESTION], temperature=0)
    (choice,) = answer.choices
    assert (choice.message.content.strip(), choice.finish_reason) == (SAYS, "stop")
    assert answer.usage.prompt_tokens > 5 and answer.usage.completion_tokens > 5


def test_a_chat_is_streamed(client):
    stream = client.chat.completions.create(
        model="tiny", messages=[QUESTION], temperature=0, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(texts).strip() == SAYS and sum(map(bool, texts)) > 1
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage.completion_tokens > 5


@pytest.mark.parametrize("streamed", [False, True])
def test_a_tool_is_called_and_its_answer_is_taken(client, streamed):
    with_tools = {"model": "tiny", "tools": [WEATHER], "temperature": 0}
    if streamed:
        with client.chat.completions.stream(messages=[QUESTION], **with_tools) as stream:
            choice = stream.get_final_completion().choices[0]
    else:
        choice = client.chat.completions.create(messages=[QUESTION], **with_tools).choices[0]
    assert choice.finish_reason == "tool_calls"
    (call,) = choice.message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Paris"})
    asked = {
        "role": "assistant",
        "tool_calls": [
            {"id": call.id, "type": "function", "function": {"name": call.function.name, "arguments": call.function.arguments}}
        ],
    }
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    answer = client.chat.completions.create(messages=[QUESTION, asked, result], **with_tools)
    assert answer.choices[0].message.content.strip() == SAYS


def city_of(tool, city):
    """The same tool, which knows one city alone: whoever keeps to its form calls it so."""
    parameters = {"type": "object", "properties": {"city": {"enum": [city]}}, "required": ["city"]}
    return {"type": "function", "function": {"name": tool, "parameters": parameters}}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "get_time"}}])
def test_a_call_that_is_demanded_is_made(client, choice, streamed):
    tools = [city_of("get_weather", "Rome"), city_of("get_time", "Oslo")]
    asked = {"model": "tiny", "messages": [QUESTION], "tools": tools, "tool_choice": choice, "temperature": 0}
    if streamed:
        with client.chat.completions.stream(**asked) as stream:
            answer = stream.get_final_completion().choices[0]
    else:
        answer = client.chat.completions.create(**asked).choices[0]
    assert answer.finish_reason == "tool_calls" and not answer.message.content
    (call,) = answer.message.tool_calls
    named = choice == "required" and call.function.name == "get_weather"
    expected = ("get_weather", {"city": "Rome"}) if named else ("get_time", {"city": "Oslo"})
    assert (call.function.name, json.loads(call.function.arguments)) == expected


def test_texts_become_vectors(client):
    answer = client.embeddings.create(model="tiny", input=["hello", "hello", "something else"])
    one, same, other = [item.embedding for item in answer.data]
    assert len(one) == 64 and one == same != other
    assert answer.usage.prompt_tokens > 0


def test_what_is_loaded_is_known_with_its_context_and_unloaded_by_hand(client):
    client.chat.completions.create(model="tiny", messages=[QUESTION])
    (loaded,) = node()["loaded"]
    assert loaded["model"].startswith("tiny") and loaded["num_ctx"] == 4096 and loaded["running"] == 0
    assert manage("POST", "/nodes/unload", json={"model": "tiny"}).json()["status"] == "unloaded"
    assert node()["loaded"] == [] and httpx.get(f"{SESSION['ollama']}/api/ps").json()["models"] == []
    assert manage("POST", "/nodes/load", json={"model": "tiny"}).json()["status"] == "loaded"
    (running,) = httpx.get(f"{SESSION['ollama']}/api/ps").json()["models"]
    assert running["context_length"] == 4096


def test_a_prompt_that_needs_more_gets_a_larger_context_and_one_that_fits_none_is_refused(client):
    # Each letter is a token of this model.
    long = {"role": "user", "content": "z" * 6000}
    answer = client.chat.completions.create(model="tiny", messages=[long])
    assert answer.usage.prompt_tokens > 6000 and node()["loaded"][0]["num_ctx"] >= 8192
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "word " * 40_000}])
    assert refused.value.code == "context_length_exceeded"


def test_a_model_that_is_not_there_is_said_to_be_missing(client):
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="missing", messages=[QUESTION])
