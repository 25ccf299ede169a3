"""OpenCode, with each provider package that it brings along."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.clients.workshop import INSTALLED, TASK, Workshop
from tests.fakes.smith import CLOSING
from tests.fakes.turn import CACHED_TOKENS, INPUT_TOKENS

if TYPE_CHECKING:
    from tests.clients.forge import Forge

_OPENCODE = INSTALLED / "node_modules" / ".bin" / "opencode"
_OFFLINE = {"OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1"}
_PROVIDERS = ["@ai-sdk/openai-compatible", "@ai-sdk/anthropic", "@ai-sdk/openai"]


@pytest.mark.parametrize("provider", _PROVIDERS)
def test_opencode_makes_a_file(forge: Forge, workshop: Workshop, provider: str) -> None:
    configuration = {
        "model": "anvil/planning",
        "small_model": "anvil/quick-edit",
        "autoupdate": False,
        "share": "disabled",
        "provider": {
            "anvil": {
                "npm": provider,
                "options": {"baseURL": f"{forge.url}/v1", "apiKey": "any"},
                "models": {"planning": {}, "quick-edit": {}},
            }
        },
    }
    (workshop.folder / "opencode.json").write_text(json.dumps(configuration))
    said = workshop.run([_OPENCODE, "run", "--format", "json", TASK], _OFFLINE).documents
    forge.assert_made(workshop.file)
    assert [event["part"]["text"] for event in said if event["type"] == "text"][-1] == CLOSING
    steps = [event["part"]["tokens"] for event in said if event["type"] == "step_finish"]
    assert [(step["input"], step["cache"]["read"]) for step in steps] == [
        (INPUT_TOKENS - CACHED_TOKENS, CACHED_TOKENS)
    ] * 2
