"""The Cohere SDK against the gateway: documents are ranked, whoever does it."""

import cohere
import pytest
from cohere.core.api_error import ApiError

from conftest import SESSION

DOCUMENTS = ["the sun is hot", "rain is water that falls", "what rain is"]
WITH = {"base_url": SESSION["base"], "api_key": SESSION["key"], "timeout": 30}


@pytest.mark.can("ranker")
def test_documents_are_ranked(back):
    client = cohere.ClientV2(**WITH)
    ranking = client.rerank(model=back.model("ranker"), query="what is rain", documents=DOCUMENTS, top_n=2)
    assert [result.index for result in ranking.results] == [2, 1]
    assert ranking.results[0].relevance_score == 1.0
    assert ranking.id


@pytest.mark.can("ranker")
@pytest.mark.gateway
def test_the_older_client_gets_its_documents_back(back):
    client = cohere.Client(**WITH)
    documents = [{"text": text, "number": str(at)} for at, text in enumerate(DOCUMENTS)]
    ranking = client.rerank(
        model=back.model("ranker"), query="what is rain", documents=documents, top_n=1, return_documents=True
    )
    assert ranking.results[0].document.text == "what rain is"


@pytest.mark.gateway
def test_a_refusal_is_the_sdks_own_error():
    client = cohere.ClientV2(**WITH | {"api_key": "sk-nobody"})
    with pytest.raises(ApiError) as refused:
        client.rerank(model="any", query="what is rain", documents=DOCUMENTS)
    assert refused.value.status_code == 401
    assert "message" in refused.value.body
