"""Gives every test its back, and the session that tools/sdk.py prepared. No test is ever skipped: a test runs for the
backs that can do what it is about, and only the direct mode leaves some out."""

import json
import os
from dataclasses import dataclass

import pytest

if "LOCKGATE_SDK" not in os.environ:
    raise pytest.UsageError("start these suites with tools/sdk.py: they need a gateway and a mock provider")
SESSION = json.loads(os.environ["LOCKGATE_SDK"])
DIRECT = {"test_openai": "openai-back", "test_anthropic": "anthropic-back"}


@dataclass(frozen=True)
class Back:
    """A provider behind the gateway, as the suites know it: model names by mood, and what it can do."""

    name: str

    def model(self, mood="chat"):
        return SESSION["backs"][self.name]["models"][mood]

    def can(self, ability):
        return ability in SESSION["backs"][self.name]["can"]


def pytest_generate_tests(metafunc):
    if "back" not in metafunc.fixturenames:
        return
    wanted = [mark.args[0] for mark in metafunc.definition.iter_markers("can")]
    backs = [Back(name) for name in SESSION["backs"] if name in direct_to(metafunc.module, name)]
    able = [back for back in backs if all(back.can(ability) for ability in wanted)]
    metafunc.parametrize("back", able, ids=lambda back: back.name)


def direct_to(module, name):
    return [DIRECT[module.__name__]] if SESSION["direct"] else [name]


def pytest_collection_modifyitems(config, items):
    if SESSION["direct"]:
        out = [item for item in items if item.get_closest_marker("gateway")]
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]


@pytest.fixture(scope="session")
def session():
    return SESSION
