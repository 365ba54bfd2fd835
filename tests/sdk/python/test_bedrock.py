"""Amazon's own SDK as a judge of both sides: it finds the gateway's signatures to be those that it would have made, and it
understands the mock's answers, which the gateway understands as well."""

import base64
import json
from urllib.parse import urlsplit
from urllib.request import urlopen

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, EventStreamError
from openai import OpenAI

from common import CLOCK, PNG, TRICKY, WEATHER, fits_weather
from conftest import SESSION

AWS = SESSION["aws"]
MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"
KEYS = [AWS["aws_access_key_id"], AWS["aws_secret_access_key"], AWS["aws_session_token"]]


@pytest.fixture(scope="module")
def client():
    session = botocore.session.Session()
    session.set_credentials(*KEYS)
    config = Config(retries={"max_attempts": 0}, proxies={})
    region = AWS["aws_region_name"]
    return session.create_client("bedrock-runtime", region, endpoint_url=SESSION["mock"], config=config)


def said(text):
    return [{"role": "user", "content": [{"text": text}]}]


def tools():
    named = [("weather", WEATHER), ("clock", CLOCK)]
    return {"tools": [{"toolSpec": {"name": name, "inputSchema": {"json": schema}}} for name, schema in named]}


def recorded(text):
    """What the provider was sent that says this."""
    with urlopen(f"{SESSION['mock']}/mock/requests", timeout=30) as answer:
        requests = json.load(answer)["requests"]
    wanted = json.dumps({"text": text})
    return [request for request in requests if wanted in json.dumps(request["body"])]


@pytest.mark.gateway
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_the_gateways_signature_is_the_one_that_amazon_would_make(stream):
    openai = OpenAI(api_key=SESSION["key"], base_url=f"{SESSION['base']}/v1", max_retries=0, timeout=30)
    text = f"Who signed this? {TRICKY} {stream}"
    # Its name upstream has characters that are encoded in a path.
    model = SESSION["backs"]["bedrock-back"]["models"]["cached"]
    answer = openai.chat.completions.create(model=model, messages=[{"role": "user", "content": text}], stream=stream)
    if stream:
        assert "".join(piece.choices[0].delta.content or "" for piece in answer if piece.choices) == f"You said: {text}"
    else:
        assert answer.choices[0].message.content == f"You said: {text}"
    [sent] = recorded(text)
    headers = {name.lower(): value for name, value in sent["headers"].items()}
    signed = headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    body = json.dumps(sent["body"], ensure_ascii=False, separators=(",", ":"))
    assert int(headers["content-length"]) == len(body.encode())
    request = AWSRequest("POST", f"{SESSION['mock']}{sent['target']}", data=body.encode())
    for name in signed:
        request.headers[name] = headers[name]
    # The SDK encodes a path that is sent encoded once more, as Amazon does for all services but S3.
    assert "%40cached%3D100" in urlsplit(request.url).path
    request.context["timestamp"] = headers["x-amz-date"]
    judge = SigV4Auth(Credentials(*KEYS), "bedrock", AWS["aws_region_name"])
    canonical = judge.canonical_request(request)
    signature = judge.signature(judge.string_to_sign(request, canonical), request)
    assert headers["authorization"].endswith(f"Signature={signature}"), canonical
    assert headers["x-amz-security-token"] == AWS["aws_session_token"]


def test_the_sdk_is_answered(client):
    answer = client.converse(modelId=MODEL, messages=said(TRICKY), inferenceConfig={"maxTokens": 500})
    assert answer["output"]["message"]["content"] == [{"text": f"You said: {TRICKY}"}]
    assert answer["stopReason"] == "end_turn" and answer["usage"]["outputTokens"] > 0


def test_the_sdk_understands_the_frames(client):
    stream = client.converse_stream(modelId=f"{MODEL}@thinks,split=7", messages=said("hello"), toolConfig=tools())
    events = [next(iter(event.items())) for event in stream["stream"]]
    assert [events[0][0], events[-2][0], events[-1][0]] == ["messageStart", "messageStop", "metadata"]
    deltas = [event["delta"] for name, event in events if name == "contentBlockDelta"]
    calls = "".join(delta["toolUse"]["input"] for delta in deltas if "toolUse" in delta)
    assert fits_weather(json.loads(calls)) and events[-2][1]["stopReason"] == "tool_use"
    thoughts = [delta["reasoningContent"] for delta in deltas if "reasoningContent" in delta]
    assert any("text" in thought for thought in thoughts) and any("signature" in thought for thought in thoughts)


def test_the_sdk_understands_errors_and_exceptions_in_streams(client):
    with pytest.raises(ClientError) as refused:
        client.converse(modelId=f"{MODEL}@status=429", messages=said("hello"))
    assert refused.value.response["Error"]["Code"] == "ThrottlingException"
    stream = client.converse_stream(modelId=f"{MODEL}@fault=error_mid,error=rate_limit", messages=said("hello"))
    with pytest.raises(EventStreamError, match="throttlingException"):
        list(stream["stream"])


def test_pictures_and_results_of_tools_that_the_sdk_writes_are_taken(client):
    first = client.converse(modelId=MODEL, messages=said("Weather?"), toolConfig=tools())
    [call] = [block["toolUse"] for block in first["output"]["message"]["content"] if "toolUse" in block]
    picture = {"image": {"format": "png", "source": {"bytes": base64.b64decode(PNG)}}}
    result = {"toolUseId": call["toolUseId"], "content": [{"text": "sunny"}, picture], "status": "success"}
    messages = [*said("Weather?"), first["output"]["message"], {"role": "user", "content": [{"toolResult": result}]}]
    answer = client.converse(modelId=MODEL, messages=messages, toolConfig=tools())
    assert answer["stopReason"] == "end_turn" and "sunny" in answer["output"]["message"]["content"][0]["text"]
