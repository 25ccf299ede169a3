"""OpenAI's SDK for Node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fakes.smith import CLOSING, WORD
from tests.fakes.turn import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.forge import Forge
    from tests.clients.workshop import Workshop


@pytest.mark.parametrize("mode", ["streamed", "whole"])
def test_the_sdk_makes_a_file(forge: Forge, workshop: Workshop, scripts: Path, mode: str) -> None:
    told = workshop.run(["node", scripts / "openai.mjs", forge.url, mode]).document
    forge.assert_made(workshop.file)
    assert told["words"] == CLOSING
    assert told["finishes"] == ["tool_calls", "stop"]
    assert told["models"] == ["planning", "planning"]
    assert told["usage"]["prompt_tokens"] == 2 * INPUT_TOKENS
    assert told["usage"]["completion_tokens"] == 2 * OUTPUT_TOKENS
    assert told["lastUsage"]["prompt_tokens_details"]["cached_tokens"] == CACHED_TOKENS
    assert told["shaped"] == {"name": WORD, "count": 3}
