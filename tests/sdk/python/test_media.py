"""The OpenAI SDK against the gateway: moderations, pictures and sound."""

import base64
import io

import openai
import pytest
from openai import OpenAI

from common import PNG, words
from conftest import SESSION

WITH = {"base_url": f"{SESSION['base']}/v1", "api_key": SESSION["key"], "max_retries": 0, "timeout": 30}
SOUND = bytes(range(256)) * 10


@pytest.fixture(scope="module")
def client():
    with OpenAI(**WITH) as client:
        yield client


def recording():
    return ("talk.mp3", io.BytesIO(SOUND), "audio/mpeg")


@pytest.mark.can("guard")
def test_texts_are_judged(client, back):
    answer = client.moderations.create(model=back.model("guard"), input=["good morning", "I hate you"])
    assert [result.flagged for result in answer.results] == [False, True]
    assert answer.results[1].categories.hate and not answer.results[1].categories.violence


@pytest.mark.can("painter")
def test_pictures_are_made_and_counted(client, back):
    answer = client.images.generate(model=back.model("painter"), prompt="a red cat", quality="low", n=2)
    assert [base64.b64decode(picture.b64_json) for picture in answer.data] == [b"a picture of a red cat"] * 2
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (words("a red cat"), 544)


@pytest.mark.can("painter")
def test_pictures_come_in_parts(client, back):
    stream = client.images.generate(
        model=back.model("painter"), prompt="a cat", quality="low", stream=True, partial_images=2
    )
    events = list(stream)
    assert [event.type for event in events] == [
        "image_generation.partial_image",
        "image_generation.partial_image",
        "image_generation.completed",
    ]
    assert events[-1].usage.output_tokens == 272


@pytest.mark.can("painter")
def test_pictures_are_edited(client, back):
    answer = client.images.edit(
        model=back.model("painter"),
        prompt="with a hat",
        image=[("one.png", base64.b64decode(PNG)), ("two.png", base64.b64decode(PNG))],
        quality="low",
    )
    assert base64.b64decode(answer.data[0].b64_json) == b"a picture of with a hat"


@pytest.mark.can("voice")
def test_texts_are_read_aloud(client, back):
    spoken = client.audio.speech.create(model=back.model("voice"), voice="alloy", input="hello", response_format="wav")
    assert spoken.content.startswith(b"\xff\xfb\x00") and b"hello" in spoken.content
    streaming = client.audio.speech.with_streaming_response
    with streaming.create(model=back.model("voice"), voice="alloy", input="hello") as response:
        assert response.headers["content-type"] == "audio/mpeg"
        assert b"".join(response.iter_bytes()).count(b"hello") == 4


@pytest.mark.can("ear")
def test_recordings_are_written_down(client, back):
    answer = client.audio.transcriptions.create(model=back.model("ear"), file=recording())
    assert answer.text == "talk.mp3 lasts 3 seconds"
    assert answer.usage.type == "tokens" and answer.usage.input_tokens == 30
    subtitles = client.audio.transcriptions.create(model=back.model("ear"), file=recording(), response_format="srt")
    assert "00:00:00,000 --> 00:00:03,000" in subtitles


@pytest.mark.can("ear")
def test_recordings_are_written_down_word_by_word(client, back):
    stream = client.audio.transcriptions.create(model=back.model("ear"), file=recording(), stream=True)
    events = list(stream)
    assert "".join(event.delta for event in events[:-1]) == "talk.mp3 lasts 3 seconds"
    assert events[-1].type == "transcript.text.done" and events[-1].usage.output_tokens == 4


@pytest.mark.gateway
@pytest.mark.can("ear")
def test_who_cannot_hear_says_so(client, back):
    with pytest.raises(openai.BadRequestError) as refused:
        client.audio.transcriptions.create(model="anthropic-back", file=recording())
    assert "transcriptions are not offered by" in str(refused.value)
