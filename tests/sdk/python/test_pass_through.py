"""Official SDKs against providers' own APIs behind the gateway's prefixes: what they get is the provider's own answer."""

import anthropic
import botocore.session
import cohere
import openai
import pytest
from anthropic import Anthropic
from botocore.config import Config
from google import genai
from google.genai import errors, types
from openai import OpenAI

from common import TRICKY, call, logged
from conftest import SESSION

pytestmark = pytest.mark.gateway
SAID = f"You said: {TRICKY}"
TURN = [{"role": "user", "content": TRICKY}]
CLAUDE = {"max_tokens": 100, "messages": TURN}


@pytest.fixture
def key():
    return call("/key/generate", {})["key"]


def check(key, provider, free=0):
    """The log has two calls of a key with their tokens and what they cost, and some that cost nothing."""
    calls = logged(key, 2 + free)
    assert len(calls) == 2 + free
    paid = [one for one in calls if one["spend"]]
    assert len(paid) == 2
    for one in paid:
        assert (one["status"], one["call_type"]) == ("success", "pass_through_endpoint")
        assert one["custom_llm_provider"] == provider
        assert one["prompt_tokens"] > 0 and one["completion_tokens"] > 0
        cost = one["prompt_tokens"] * 0.000001 + one["completion_tokens"] * 0.000002
        assert one["spend"] == pytest.approx(cost)


def test_anthropic_answers_and_is_paid_for(key):
    with Anthropic(base_url=f"{SESSION['base']}/anthropic", api_key=key, max_retries=0, timeout=30) as client:
        answer = client.messages.create(model="claude-haiku-4-5", **CLAUDE)
        assert (answer.model, answer.content[0].text) == ("claude-haiku-4-5", SAID)
        with client.messages.stream(model="claude-haiku-4-5", **CLAUDE) as stream:
            assert "".join(stream.text_stream) == SAID
            assert stream.get_final_message().usage.output_tokens == answer.usage.output_tokens
        assert client.messages.count_tokens(model="claude-haiku-4-5", messages=TURN).input_tokens > 0
    # What only counts leaves nothing.
    check(key, "anthropic")


def test_anthropics_errors_are_its_own(key):
    with Anthropic(base_url=f"{SESSION['base']}/anthropic", api_key=key, max_retries=0, timeout=30) as client:
        with pytest.raises(anthropic.RateLimitError) as limited:
            client.messages.create(model="claude-haiku-4-5@status=429,retry_after=7", **CLAUDE)
        assert limited.value.response.headers["retry-after"] == "7"
        with pytest.raises(anthropic.BadRequestError):
            client.messages.create(model="claude-haiku-4-5", max_tokens=100, messages=[])
    with Anthropic(base_url=f"{SESSION['base']}/anthropic", api_key="sk-nobody", max_retries=0) as stranger:
        with pytest.raises(anthropic.AuthenticationError):
            stranger.messages.create(model="claude-haiku-4-5", **CLAUDE)


def test_cohere_answers_and_is_paid_for(key):
    client = cohere.ClientV2(base_url=f"{SESSION['base']}/cohere", api_key=key, timeout=30)
    answer = client.chat(model="demo", messages=TURN)
    assert answer.message.content[0].text == SAID
    events = list(client.chat_stream(model="demo", messages=TURN))
    texts = [event.delta.message.content.text for event in events if event.type == "content-delta"]
    assert "".join(texts) == SAID and events[-1].delta.finish_reason == "COMPLETE"
    check(key, "cohere")


def test_coheres_errors_are_its_own(key):
    client = cohere.ClientV2(base_url=f"{SESSION['base']}/cohere", api_key=key, timeout=30)
    with pytest.raises(cohere.TooManyRequestsError):
        client.chat(model="demo@status=429", messages=TURN, request_options={"max_retries": 0})


def test_gemini_answers_and_is_paid_for(key):
    options = types.HttpOptions(base_url=f"{SESSION['base']}/gemini", timeout=30_000)
    client = genai.Client(api_key=key, vertexai=False, http_options=options)
    answer = client.models.generate_content(model="gemini-2.5-flash", contents=TRICKY)
    assert (answer.text, answer.model_version) == (SAID, "gemini-2.5-flash")
    pieces = client.models.generate_content_stream(model="gemini-2.5-flash", contents=TRICKY)
    assert "".join(piece.text or "" for piece in pieces) == SAID
    with pytest.raises(errors.ClientError) as gone:
        client.models.generate_content(model="gemini-2.5-flash@error=not_found", contents=TRICKY)
    assert gone.value.code == 404
    check(key, "gemini", free=1)


def test_openai_answers_and_is_paid_for(key):
    base = f"{SESSION['base']}/openai_passthrough/v1"
    with OpenAI(base_url=base, api_key=key, max_retries=0, timeout=30) as client:
        answer = client.chat.completions.create(model="demo", messages=TURN)
        assert (answer.model, answer.choices[0].message.content) == ("demo", SAID)
        pieces = list(
            client.chat.completions.create(
                model="demo", messages=TURN, stream=True, stream_options={"include_usage": True}
            )
        )
        assert "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices) == SAID
        assert pieces[-1].usage == answer.usage
    check(key, "openai")


def test_openai_keeps_files_that_the_gateway_knows_nothing_of(key):
    base = f"{SESSION['base']}/openai_passthrough/v1"
    with OpenAI(base_url=base, api_key=key, max_retries=0, timeout=30) as client:
        file = client.files.create(file=("a.txt", b"text" * 100_000), purpose="user_data")
        assert client.files.content(file.id).content == b"text" * 100_000
        assert client.files.delete(file.id).deleted
        with pytest.raises(openai.NotFoundError):
            client.files.retrieve(file.id)


def test_bedrock_answers_and_is_paid_for(key):
    session = botocore.session.Session()
    session.set_credentials("nobodys", "nobodys")
    config = Config(retries={"max_attempts": 0}, proxies={})
    url = f"{SESSION['base']}/bedrock"
    client = session.create_client("bedrock-runtime", "eu-central-1", endpoint_url=url, config=config)
    # The SDK signs whatever it sends, and so has no room for a key but in a header of its own; the gateway signs anew.
    own = {"x-litellm-api-key": key}
    client.meta.events.register("before-call.bedrock-runtime.*", lambda params, **_: params["headers"].update(own))
    turn = [{"role": "user", "content": [{"text": TRICKY}]}]
    model = "eu.anthropic.claude-sonnet-4-6"
    answer = client.converse(modelId=model, messages=turn)
    assert answer["output"]["message"]["content"][0]["text"] == SAID
    events = list(client.converse_stream(modelId=model, messages=turn)["stream"])
    pieces = [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]
    assert "".join(pieces) == SAID
    check(key, "bedrock")
