"""LangChain against the gateway, over every back: through OpenAI's chat and responses, and through Anthropic's messages."""

from pathlib import Path

import anthropic
import litellm
import openai
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

from common import CLOCK, PNG, TRICKY, WEATHER, Trip, fits_weather
from conftest import SESSION

WITH = {"api_key": SESSION["key"], "max_retries": 0, "timeout": 30}
OPENAI = WITH | {"base_url": f"{SESSION['base']}/v1"}
FRONTS = {
    "chat": lambda model, **more: ChatOpenAI(model=model, **OPENAI, **more),
    "responses": lambda model, **more: ChatOpenAI(model=model, use_responses_api=True, **OPENAI, **more),
    "messages": lambda model, **more: ChatAnthropic(model=model, base_url=SESSION["base"], **WITH, **more),
}
TOOLS = [
    {"title": "weather", "description": "Forecast", **WEATHER},
    {"title": "clock", "description": "Local time", **CLOCK},
]
LIMITED = (openai.RateLimitError, anthropic.RateLimitError)
# What an error in a stream becomes; that of the responses is the framework's own.
BROKEN = (openai.APIError, anthropic.APIError, ValueError)


@pytest.fixture(params=FRONTS)
def make(request):
    """What makes a model that speaks one of the dialects."""
    return FRONTS[request.param]


def test_a_stream_says_what_a_whole_answer_says(make, back):
    model = make(back.model())
    whole = model.invoke([("system", "Be brief."), ("human", TRICKY)])
    assert whole.text == f"You said: {TRICKY}"
    assert whole.usage_metadata["input_tokens"] > 2 and whole.usage_metadata["output_tokens"] > 0
    chunks = list(make(back.model(), stream_usage=True).stream([("system", "Be brief."), ("human", TRICKY)]))
    assert "".join(chunk.text for chunk in chunks) == whole.text and len(chunks) > 2
    told = sum(chunks[1:], chunks[0])
    for count in ("input_tokens", "output_tokens"):
        assert told.usage_metadata[count] == whole.usage_metadata[count]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_tools_are_called_and_their_results_are_used(make, back, streamed):
    model = make(back.model("pair")).bind_tools(TOOLS)
    asked = [HumanMessage("Weather and time?")]
    if streamed:
        chunks = list(model.stream(asked))
        turn = sum(chunks[1:], chunks[0])
    else:
        turn = model.invoke(asked)
    assert [call["name"] for call in turn.tool_calls] == ["weather", "clock"]
    assert fits_weather(turn.tool_calls[0]["args"])
    results = [ToolMessage(said, tool_call_id=call["id"]) for said, call in zip(["Rain", "Noon"], turn.tool_calls)]
    final = model.invoke([*asked, turn, *results])
    assert "Rain" in final.text and "Noon" in final.text


def test_an_answer_fits_its_schema(make, back):
    trip = make(back.model()).with_structured_output(Trip, method="json_schema").invoke("Plan a trip")
    assert isinstance(trip, Trip) and trip.legs[0].by in ("train", "bus")


def test_an_answer_may_be_a_call(make, back):
    trip = make(back.model()).with_structured_output(Trip, method="function_calling").invoke("Plan a trip")
    assert isinstance(trip, Trip) and trip.legs[0].by in ("train", "bus")


def test_an_image_is_taken(make, back):
    picture = {"type": "image", "base64": PNG, "mime_type": "image/png"}
    answer = make(back.model()).invoke([HumanMessage([{"type": "text", "text": "What is this?"}, picture])])
    assert "What is this?" in answer.text


def test_a_providers_fault_is_an_error(make, back):
    with pytest.raises(LIMITED):
        make(back.model("limited")).invoke("Hi")
    seen = []
    with pytest.raises(BROKEN):
        seen.extend(make(back.model("breaks")).stream("the quick brown fox jumps"))
    assert "You said: the quick brown fox jumps".startswith("".join(chunk.text for chunk in seen))


@pytest.mark.can("embed")
def test_texts_are_embedded(back):
    embed = OpenAIEmbeddings(model=back.model("embed"), check_embedding_ctx_length=False, **OPENAI)
    one, two = embed.embed_documents(["one", "two"])
    assert one != two and embed.embed_query("one") == pytest.approx(one, abs=1e-6)


@pytest.mark.can("embed")
def test_texts_that_are_sent_as_token_ids_are_embedded_as_texts(back, monkeypatch):
    # Unless it is told otherwise LangChain sends ids of a vocabulary that it fetches; LiteLLM brings that along.
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(Path(litellm.__file__).parent / "litellm_core_utils/tokenizers"))
    one, two = OpenAIEmbeddings(model=back.model("embed"), **OPENAI).embed_documents(["one", "two"])
    plain = OpenAIEmbeddings(model=back.model("embed"), check_embedding_ctx_length=False, **OPENAI)
    assert one != two
    if back.name not in ("azure-back", "vllm-back"):
        assert plain.embed_query("one") == pytest.approx(one, abs=1e-6), "the provider knows no ids"
