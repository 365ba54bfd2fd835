"""Gives every test its back, and the session that tools/sdk.py prepared. No test is ever skipped: a test runs for the
backs that can do what it is about, and only the direct mode leaves some out."""

import json
import os
from dataclasses import dataclass

import pytest

if "LOCKGATE_SDK" not in os.environ:
    raise pytest.UsageError("start these suites with tools/sdk.py: they need a gateway and a mock provider")
SESSION = json.loads(os.environ["LOCKGATE_SDK"])
DIRECT = {"test_openai": "openai-back", "test_anthropic": "anthropic-back", "test_ollama": "ollama-back", "test_gemini": "gemini-back", "test_responses": "openai-back", "test_media": "openai-back", "test_files": "openai-back", "test_realtime": "openai-back", "test_cohere": "cohere-back"}


@dataclass(frozen=True)
class Back:
    """A provider behind the gateway, as the suites know it: model names by mood, and what it can do."""

    name: str

    def model(self, mood="chat"):
        return SESSION["backs"][self.name]["models"][mood]

    @property
    def proving(self):
        """The model that proves its reasoning, if the back has one that does more than the others."""
        return self.model("signed" if self.can("signed") else "chat")

    def can(self, ability):
        return ability in SESSION["backs"][self.name]["can"]


def pytest_generate_tests(metafunc):
    if "back" in metafunc.fixturenames:
        native = DIRECT.get(metafunc.module.__name__, "openai-back")
        backs = [Back(name) for name in SESSION["backs"] if not SESSION["direct"] or name == native]
        metafunc.parametrize("back", backs, ids=lambda back: back.name)


def pytest_collection_modifyitems(config, items):
    out = [item for item in items if not concerns(item)]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


def concerns(item):
    """Whether a test holds here: its back can do what the test needs, and there is a gateway if it needs one."""
    if SESSION["direct"] and item.get_closest_marker("gateway"):
        return False
    needed = [mark.args[0] for mark in item.iter_markers("can")]
    return not needed or all(item.callspec.params["back"].can(ability) for ability in needed)
