"""The AI SDK, with the providers that lead to Chat Completions, to Messages and to Responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fakes.smith import CLOSING, WORD
from tests.fakes.turn import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.forge import Forge
    from tests.clients.workshop import Workshop

_PROVIDERS = ["openai-compatible", "anthropic", "openai"]


@pytest.mark.parametrize("provider", _PROVIDERS)
@pytest.mark.parametrize("mode", ["streamed", "whole"])
def test_the_sdk_makes_a_file(forge: Forge, workshop: Workshop, scripts: Path, mode: str, provider: str) -> None:
    told = workshop.run(["node", scripts / "ai_sdk.mjs", forge.url, mode, provider]).document
    forge.assert_made(workshop.file)
    assert told["words"] == CLOSING
    assert told["finishes"] == ["tool-calls", "stop"]
    assert told["warnings"] == []
    assert told["usage"]["inputTokens"] == 2 * INPUT_TOKENS
    assert told["usage"]["cachedInputTokens"] == 2 * CACHED_TOKENS
    assert told["usage"]["outputTokens"] == 2 * OUTPUT_TOKENS
    assert told["shaped"] == {"name": WORD, "count": 3}
