"""Codex."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tomli_w
from tests.clients.workshop import CONTENT, INSTALLED, TASK, Workshop
from tests.fakes.smith import CLOSING, MCP, OPENING, SEARCHING
from tests.fakes.turn import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS

if TYPE_CHECKING:
    from tests.clients.forge import Forge

_CODEX = INSTALLED / "node_modules" / ".bin" / "codex"
# The sandbox of its own needs rights that a container does not have.
_ARGUMENTS = ["exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]


_SERVER = Path(__file__).with_name("mcp_server.py")

_BOTH_MODELS = pytest.mark.parametrize(
    "model", ["planning", "gpt-5.5"], ids=["a model it does not know", "a model it knows"]
)


def _run(forge: Forge, workshop: Workshop, model: str, **more: Any) -> list[dict[str, Any]]:
    settings = {
        "model": model,
        "model_provider": "anvil",
        "model_providers": {
            "anvil": {"name": "anvil", "base_url": f"{forge.url}/v1", "wire_api": "responses", "env_key": "ANVIL_KEY"}
        },
        **more,
    }
    configuration = workshop.home / ".codex" / "config.toml"
    configuration.parent.mkdir()
    configuration.write_text(tomli_w.dumps(settings))
    return workshop.run([_CODEX, *_ARGUMENTS, TASK], {"ANVIL_KEY": "any"}).documents


def _messages(said: list[dict[str, Any]]) -> list[str]:
    items = [event["item"] for event in said if event["type"] == "item.completed"]
    return [item["text"] for item in items if item["type"] == "agent_message"]


@_BOTH_MODELS
def test_codex_makes_a_file(forge: Forge, workshop: Workshop, model: str) -> None:
    said = _run(forge, workshop, model)
    forge.assert_made(workshop.file)
    assert _messages(said) == [OPENING, CLOSING]
    [usage] = [event["usage"] for event in said if event["type"] == "turn.completed"]
    assert usage["input_tokens"] == 2 * INPUT_TOKENS
    assert usage["cached_input_tokens"] == 2 * CACHED_TOKENS
    assert usage["output_tokens"] == 2 * OUTPUT_TOKENS


@_BOTH_MODELS
def test_codex_makes_a_file_with_a_tool_of_a_server(forge: Forge, workshop: Workshop, model: str) -> None:
    # With a model that it knows, Codex offers such tools only to one that searches for them.
    forge.expects(workshop.file, insists_on=f"{MCP}write_file")
    server = {"command": sys.executable, "args": [str(_SERVER)]}
    said = _run(forge, workshop, model, mcp_servers={"forge": server})
    assert workshop.file.read_bytes() == CONTENT.encode()
    assert _messages(said) == [*([SEARCHING] if model != "planning" else []), OPENING, CLOSING]
