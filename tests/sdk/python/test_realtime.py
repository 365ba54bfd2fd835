"""The OpenAI SDK against the gateway: realtime sessions."""

import asyncio
import base64

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from websockets.exceptions import InvalidStatus

from conftest import SESSION

WITH = {"base_url": f"{SESSION['base']}/v1", "api_key": SESSION["key"], "max_retries": 0, "timeout": 30}
pytestmark = pytest.mark.can("talk")


@pytest.fixture(scope="module")
def client():
    with OpenAI(**WITH) as client:
        yield client


def said(text):
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def until(connection, kind):
    """All events up to the first of this kind."""
    events = []
    for event in connection:
        events.append(event)
        if event.type == kind:
            return events
    raise AssertionError(f"no {kind}")


def test_texts_are_answered_event_by_event(client, back):
    with client.realtime.connect(model=back.model("talk")) as connection:
        assert until(connection, "session.created")[-1].session.id.startswith("sess_")
        connection.session.update(session={"type": "realtime", "output_modalities": ["text"], "instructions": "brief"})
        assert until(connection, "session.updated")[-1].session.instructions == "brief"
        connection.conversation.item.create(item=said("Grüße, 世界"))
        connection.response.create()
        events = until(connection, "response.done")
        deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
        assert deltas == ["0 Grüße, 世界 ", "1 Grüße, 世界 "]
        usage = events[-1].response.usage
        assert (usage.input_tokens, usage.output_tokens) == (2, 2)


def test_sound_goes_both_ways(client, back):
    with client.realtime.connect(model=back.model("talk")) as connection:
        connection.input_audio_buffer.append(audio=base64.b64encode(bytes(48_000)).decode())
        connection.input_audio_buffer.commit()
        connection.response.create()
        events = until(connection, "response.done")
        sound = [event.delta for event in events if event.type == "response.output_audio.delta"]
        assert [len(base64.b64decode(piece)) for piece in sound] == [4_800, 4_800]
        assert events[-1].response.usage.input_token_details.audio_tokens == 10


def test_sessions_are_asynchronous_too(back):
    async def talk():
        async with AsyncOpenAI(**WITH) as client:
            async with client.realtime.connect(model=back.model("talk")) as connection:
                await connection.conversation.item.create(item=said("hello"))
                await connection.response.create(response={"output_modalities": ["text"]})
                async for event in connection:
                    if event.type == "response.done":
                        return event.response.status

    assert asyncio.run(talk()) == "completed"


def test_what_is_wrong_with_an_event_is_told_by_an_event(client, back):
    with client.realtime.connect(model=back.model("talk")) as connection:
        connection.send({"type": "nonsense"})
        assert until(connection, "error")[-1].error.type == "invalid_request_error"
        connection.conversation.item.create(item=said("still here"))
        until(connection, "conversation.item.added")


@pytest.mark.gateway
def test_a_secret_opens_a_session_for_who_has_no_key(client, back):
    secret = client.realtime.client_secrets.create(session={"type": "realtime", "model": back.model("talk")})
    assert secret.value.startswith("ek_") and secret.expires_at > 0
    with OpenAI(**WITH | {"api_key": secret.value}) as browser:
        with browser.realtime.connect(model=back.model("talk")) as connection:
            until(connection, "session.created")
        with pytest.raises(openai.AuthenticationError):
            browser.models.list()


@pytest.mark.gateway
def test_who_may_not_call_gets_no_session(back):
    with OpenAI(**WITH | {"api_key": "sk-nobody"}) as stranger:
        with pytest.raises(InvalidStatus) as refused:
            stranger.realtime.connect(model=back.model("talk")).enter()
        assert refused.value.response.status_code == 401
