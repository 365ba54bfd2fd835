"""Official SDKs against providers' own APIs behind the gateway's prefixes: what they get is the provider's own answer."""

import anthropic
import botocore.session
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


def check(key, provider, count=2):
    """The log has so many calls of a key, each of them with its tokens and what they cost."""
    calls = logged(key, count)
    assert len(calls) == count
    for one in calls:
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
    check_of = [one for one in logged(key, 3) if one["completion_tokens"]]
    assert len(check_of) == 2 and all(one["spend"] > 0 for one in check_of)


def test_anthropics_errors_are_its_own(key):
    with Anthropic(base_url=f"{SESSION['base']}/anthropic", api_key=key, max_retries=0, timeout=30) as client:
        with pytest.raises(anthropic.RateLimitError) as limited:
            client.messages.create(model="claude-haiku-4-5@status=429,retry_after=7", **CLAUDE)
        assert limited.value.response.headers["retry-after"] == "7"
        with pytest.raises(anthropic.BadRequestError):
            client.messages.create(model="claude-haiku-4-5", max_tokens=0, messages=TURN)
    with Anthropic(base_url=f"{SESSION['base']}/anthropic", api_key="sk-nobody", max_retries=0) as stranger:
        with pytest.raises(anthropic.AuthenticationError):
            stranger.messages.create(model="claude-haiku-4-5", **CLAUDE)


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
    paid = [one for one in logged(key, 3) if one["status"] == "success"]
    assert len(paid) == 2 and all(one["spend"] > 0 and one["completion_tokens"] > 0 for one in paid)


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


def test_bedrock_answers_and_is_paid_for(key, monkeypatch):
    # The SDK's way to call with a key instead of signing: the gateway signs.
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", key)
    config = Config(retries={"max_attempts": 0}, proxies={})
    url = f"{SESSION['base']}/bedrock"
    client = botocore.session.Session().create_client("bedrock-runtime", "eu-central-1", endpoint_url=url, config=config)
    turn = [{"role": "user", "content": [{"text": TRICKY}]}]
    model = "eu.anthropic.claude-sonnet-4-6"
    answer = client.converse(modelId=model, messages=turn)
    assert answer["output"]["message"]["content"][0]["text"] == SAID
    events = list(client.converse_stream(modelId=model, messages=turn)["stream"])
    pieces = [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]
    assert "".join(pieces) == SAID
    check(key, "bedrock")
