"""Coding agents at work, as people run them in scripts: a model behind the gateway has them run a command, reads what came
of it, and says so. Each speaks one dialect, whatever its model's provider speaks. They are told nothing of a network but the
gateway's address."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from common import call, logged
from conftest import SESSION

AGENTS = Path(__file__).resolve().parents[1] / "agents/node_modules"
ASKED = "Say hello in a file"
# Whatever else an agent would like to reach, it finds nobody.
NOBODY = "http://127.0.0.1:9"


def run(command, home, more):
    """Runs an agent in a folder of its own, and gives what it said."""
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    env |= {name: NOBODY for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")} | more
    folder = home / "project"
    folder.mkdir()
    done = subprocess.run(
        ["node", *map(str, command)], cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def key():
    return call("/key/generate", {})["key"]


def check(home, key, model, said):
    assert (home / "project/made.txt").read_text() == "hello\n"
    assert "The tool said:" in said
    # One that asks for the command, and one that has read its result.
    calls = logged(key, 2)
    assert len(calls) >= 2
    for one in calls:
        assert (one["status"], one["stream"], one["model_group"]) == ("success", True, model)
        assert one["prompt_tokens"] > 100 and one["completion_tokens"] > 0 and one["spend"] > 0


@pytest.mark.gateway
def test_claude_code_runs_a_command_and_reads_its_result(back, key, tmp_path):
    model = back.model("bash")
    # Every model that it may choose for itself is the same one.
    names = ("ANTHROPIC_MODEL", "ANTHROPIC_DEFAULT_HAIKU_MODEL", "ANTHROPIC_DEFAULT_SONNET_MODEL", "ANTHROPIC_DEFAULT_OPUS_MODEL")
    env = {name: model for name in names} | {"ANTHROPIC_BASE_URL": SESSION["base"], "ANTHROPIC_AUTH_TOKEN": key}
    env |= {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    command = [AGENTS / "@anthropic-ai/claude-code/cli-wrapper.cjs", "-p", ASKED, "--allowedTools", "Bash", "--output-format", "json"]
    said = json.loads(run(command, tmp_path, env))
    assert not said["is_error"]
    check(tmp_path, key, model, said["result"])


CODEX = """
model = "{model}"
model_provider = "lockgate"
approval_policy = "never"
sandbox_mode = "danger-full-access"
web_search = "disabled"
check_for_update_on_startup = false
[model_providers.lockgate]
name = "lockgate"
base_url = "{base}/v1"
env_key = "LOCKGATE_KEY"
wire_api = "responses"
supports_websockets = {websockets}
[analytics]
enabled = false
"""


@pytest.mark.gateway
@pytest.mark.parametrize("websockets", ["false", "true"])
def test_codex_runs_a_command_and_reads_its_result(back, key, tmp_path, websockets):
    model, settings = back.model("exec"), tmp_path / ".codex"
    settings.mkdir()
    (settings / "config.toml").write_text(CODEX.format(model=model, base=SESSION["base"], websockets=websockets))
    command = [AGENTS / "@openai/codex/bin/codex.js", "exec", "--skip-git-repo-check", "--json", ASKED]
    events = [json.loads(line) for line in run(command, tmp_path, {"LOCKGATE_KEY": key}).splitlines()]
    (usage,) = [event["usage"] for event in events if event["type"] == "turn.completed"]
    assert usage["input_tokens"] > 100
    items = [event["item"] for event in events if event["type"] == "item.completed"]
    check(tmp_path, key, model, "".join(item["text"] for item in items if item["type"] == "agent_message"))
