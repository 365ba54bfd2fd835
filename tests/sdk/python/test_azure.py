"""The client of Azure's customers as a judge of both sides: the gateway asks as it would, and it is served by the gateway."""

import json
from urllib.request import urlopen

import pytest
from openai import AzureOpenAI, OpenAI, RateLimitError

from common import WEATHER, fits_weather
from conftest import SESSION

AZURE = SESSION["azure"]
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}]
# What each of the two says of itself, and of the connection.
OWN_HEADERS = ("accept", "connection", "content-length", "host", "traceparent", "user-agent", "x-stainless-")

pytestmark = pytest.mark.gateway


def azure(endpoint, key):
    return AzureOpenAI(
        azure_endpoint=endpoint, api_key=key, api_version=AZURE["api_version"], max_retries=0, timeout=30
    )


@pytest.fixture(scope="module")
def gateway():
    with azure(SESSION["base"], SESSION["key"]) as client:
        yield client


def model(mood="chat"):
    return SESSION["backs"]["azure-back"]["models"][mood]


def user(text):
    return [{"role": "user", "content": text}]


def recorded(text):
    """What the provider was sent that says this."""
    with urlopen(f"{SESSION['mock']}/mock/requests", timeout=30) as answer:
        requests = json.load(answer)["requests"]
    return [request for request in requests if text in json.dumps(request["body"])]


def telling(request):
    """The headers of a request that say something to Azure."""
    headers = {name.lower(): value for name, value in request["headers"].items()}
    return {name: value for name, value in headers.items() if not name.startswith(OWN_HEADERS)}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_the_gateway_asks_as_azures_own_client_does(stream):
    text = f"Who asked for {'pieces' if stream else 'all of it'}?"
    asked = {"messages": user(text), "tools": TOOLS, "max_completion_tokens": 100, "seed": 7, "stream": stream}
    if stream:
        asked["stream_options"] = {"include_usage": True}
    deployment = AZURE["deployment"]
    with azure(SESSION["mock"], AZURE["api_key"]) as client:
        list(client.chat.completions.create(model=deployment, **asked))
    with OpenAI(api_key=SESSION["key"], base_url=f"{SESSION['base']}/v1", max_retries=0, timeout=30) as client:
        list(client.chat.completions.create(model=model(), **asked))
    own, ours = recorded(text)
    assert ours["target"] == own["target"] and "api-version=" in own["target"]
    assert ours["body"] == own["body"]
    assert telling(ours) == telling(own) and telling(own)["api-key"] == AZURE["api_key"]


def test_vectors_are_asked_for_as_by_azures_own_client():
    with azure(SESSION["mock"], AZURE["api_key"]) as client:
        own = client.embeddings.create(model=AZURE["embed"], input="Who wants vectors?")
    with OpenAI(api_key=SESSION["key"], base_url=f"{SESSION['base']}/v1", max_retries=0, timeout=30) as client:
        ours = client.embeddings.create(model=model("embed"), input="Who wants vectors?")
    assert own.data[0].embedding == ours.data[0].embedding
    first, second = recorded("Who wants vectors?")
    assert (first["target"], first["body"]) == (second["target"], second["body"])
    assert telling(first) == telling(second)


def test_azures_client_is_served_by_the_gateway(gateway):
    answer = gateway.chat.completions.create(model=model(), messages=user("Good morning"))
    assert answer.choices[0].message.content == "You said: Good morning"
    chunks = list(gateway.chat.completions.create(model=model(), messages=user("Good morning"), stream=True))
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(texts) == "You said: Good morning" and len(texts) > 2
    (call,) = gateway.chat.completions.create(model=model(), messages=user("Rain?"), tools=TOOLS).choices[0].message.tool_calls
    assert fits_weather(json.loads(call.function.arguments))
    assert len(gateway.embeddings.create(model=model("embed"), input="hello").data[0].embedding) > 1
    with pytest.raises(RateLimitError):
        gateway.chat.completions.create(model=model("limited"), messages=user("Hi"))
