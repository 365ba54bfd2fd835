"""The description of the API against the judge that others use: every tool that reads OpenAPI should be able to."""

import json
from urllib.request import urlopen

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from conftest import SESSION


@pytest.mark.gateway
def test_the_description_is_openapi():
    with urlopen(SESSION["base"] + "/openapi.json", timeout=30) as answer:
        description = json.load(answer)
    assert [error.message for error in OpenAPIV31SpecValidator(description).iter_errors()] == []
