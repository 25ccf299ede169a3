"""Codex."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import tomli_w
from tests.clients.workshop import INSTALLED, TASK, Workshop
from tests.fakes.smith import CLOSING, OPENING
from tests.fakes.turn import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS

if TYPE_CHECKING:
    from tests.clients.forge import Forge

_CODEX = INSTALLED / "node_modules" / ".bin" / "codex"
# The sandbox of its own needs rights that a container does not have.
_ARGUMENTS = ["exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]


@pytest.mark.parametrize("model", ["planning", "gpt-5.5"], ids=["a model it does not know", "a model it knows"])
def test_codex_makes_a_file(forge: Forge, workshop: Workshop, model: str) -> None:
    settings = {
        "model": model,
        "model_provider": "anvil",
        "model_providers": {
            "anvil": {"name": "anvil", "base_url": f"{forge.url}/v1", "wire_api": "responses", "env_key": "ANVIL_KEY"}
        },
    }
    configuration = workshop.home / ".codex" / "config.toml"
    configuration.parent.mkdir()
    configuration.write_text(tomli_w.dumps(settings))
    said = workshop.run([_CODEX, *_ARGUMENTS, TASK], {"ANVIL_KEY": "any"}).documents
    forge.assert_made(workshop.file)
    items = [event["item"] for event in said if event["type"] == "item.completed"]
    assert [item["text"] for item in items if item["type"] == "agent_message"] == [OPENING, CLOSING]
    [usage] = [event["usage"] for event in said if event["type"] == "turn.completed"]
    assert usage["input_tokens"] == 2 * INPUT_TOKENS
    assert usage["cached_input_tokens"] == 2 * CACHED_TOKENS
    assert usage["output_tokens"] == 2 * OUTPUT_TOKENS
