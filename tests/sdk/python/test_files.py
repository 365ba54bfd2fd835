"""The OpenAI SDK against the gateway: files, and batches that are made of them."""

import io
import json

import openai
import pytest
from openai import OpenAI

from common import TRICKY, call, logged, words
from conftest import SESSION

WITH = {"base_url": f"{SESSION['base']}/v1", "max_retries": 0, "timeout": 30}
ASKED = ["Good morning", TRICKY]
pytestmark = pytest.mark.can("files")


@pytest.fixture
def key():
    return SESSION["key"] if SESSION["direct"] else call("/key/generate", {})["key"]


@pytest.fixture
def client(key):
    with OpenAI(**WITH, api_key=key) as client:
        yield client


def lines(model, texts):
    """A file of calls, one for each text."""
    for at, text in enumerate(texts):
        body = {"model": model, "messages": [{"role": "user", "content": text}]}
        yield json.dumps({"custom_id": str(at), "method": "POST", "url": "/v1/chat/completions", "body": body}) + "\n"


def keep(client, model, texts=ASKED, **more):
    content = "".join(lines(model, texts)).encode()
    return client.files.create(file=("calls.jsonl", io.BytesIO(content)), purpose="batch", **more)


def make(client, file, endpoint="/v1/chat/completions"):
    return client.batches.create(
        input_file_id=file.id, endpoint=endpoint, completion_window="24h", metadata={"who": "me"}
    )


def test_a_file_is_kept_shown_read_and_forgotten(client, back):
    content = f"{TRICKY}\r\n".encode() * 1000
    file = client.files.create(file=("notes.txt", content), purpose="user_data")
    assert (file.object, file.filename, file.bytes, file.purpose) == ("file", "notes.txt", len(content), "user_data")
    assert client.files.retrieve(file.id) == file
    assert client.files.content(file.id).content == content
    assert file.id in [one.id for one in client.files.list(purpose="user_data")]
    assert client.files.delete(file.id).deleted
    assert file.id not in [one.id for one in client.files.list()]
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(file.id)


def test_lists_have_pages(client, back):
    files = [client.files.create(file=(f"{at}.txt", b"text"), purpose="assistants").id for at in range(3)]
    page = client.files.list(limit=2)
    assert [one.id for one in page.data] == files[:0:-1]
    assert page.has_next_page() and files[0] in [one.id for one in page.get_next_page()]


def test_a_batch_is_made_watched_and_read(client, back):
    batch = make(client, file := keep(client, back.model()))
    assert (batch.object, batch.input_file_id, batch.metadata) == ("batch", file.id, {"who": "me"})
    done = client.batches.retrieve(batch.id)
    assert (done.id, done.status, done.input_file_id) == (batch.id, "completed", file.id)
    assert (done.request_counts.total, done.request_counts.completed) == (2, 2)
    answers = [json.loads(line) for line in client.files.content(done.output_file_id).text.splitlines()]
    said = {one["custom_id"]: one["response"]["body"]["choices"][0]["message"]["content"] for one in answers}
    assert said == {str(at): f"You said: {text}" for at, text in enumerate(ASKED)}
    assert batch.id in [one.id for one in client.batches.list(limit=5)]


def test_what_fails_in_a_batch_is_in_a_file_of_its_own(client, back):
    batch = client.batches.retrieve(make(client, keep(client, back.model("limited"))).id)
    assert (batch.status, batch.output_file_id, batch.request_counts.failed) == ("completed", None, 2)
    errors = [json.loads(line) for line in client.files.content(batch.error_file_id).text.splitlines()]
    assert [one["response"]["status_code"] for one in errors] == [429, 429]


def test_a_batch_is_stopped(client, back):
    batch = client.batches.cancel(make(client, keep(client, back.model())).id)
    assert batch.status == "cancelling"
    assert client.batches.retrieve(batch.id).status == "cancelled"


def test_what_is_not_there_is_told_so(client, back):
    for wrong in (lambda: client.batches.retrieve("batch_nobodys"), lambda: client.files.content("file-nobodys")):
        with pytest.raises(openai.NotFoundError):
            wrong()
    with pytest.raises(openai.BadRequestError):
        make(client, keep(client, back.model()), "/v1/nothing")


@pytest.mark.gateway
def test_a_batch_is_in_the_log_with_half_of_what_its_calls_cost(client, key, back):
    file = keep(client, back.model(), extra_body={"target_model_names": back.model()})
    batch = make(client, file)
    client.batches.retrieve(batch.id)
    answers = [json.loads(line) for line in client.files.content(client.batches.retrieve(batch.id).output_file_id).text.splitlines()]
    usage = [one["response"]["body"]["usage"] for one in answers]
    read, written = (sum(one[name] for one in usage) for name in ("prompt_tokens", "completion_tokens"))
    assert read == words(*ASKED)
    (entry,) = logged(key, 1, lambda entry: entry["call_type"] == "aretrieve_batch" and entry["spend"])
    assert (entry["prompt_tokens"], entry["completion_tokens"]) == (read, written)
    assert entry["spend"] == pytest.approx((read * 0.000001 + written * 0.000002) / 2)


@pytest.mark.gateway
def test_files_and_batches_belong_to_a_key(client, back):
    file = keep(client, back.model())
    batch = make(client, file)
    with OpenAI(**WITH, api_key=call("/key/generate", {})["key"]) as other:
        for theirs in (lambda: other.files.retrieve(file.id), lambda: other.batches.retrieve(batch.id)):
            with pytest.raises(openai.NotFoundError):
                theirs()
        assert not other.files.list().data and not other.batches.list().data
