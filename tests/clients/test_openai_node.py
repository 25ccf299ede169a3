"""OpenAI's SDK for Node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fakes.smith import CLOSING, OPENING, WORD
from tests.fakes.turn import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS, REASONING_TOKENS

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


@pytest.mark.parametrize("mode", ["streamed", "whole"])
def test_the_sdk_makes_a_file_with_responses(forge: Forge, workshop: Workshop, scripts: Path, mode: str) -> None:
    told = workshop.run(["node", scripts / "openai_responses.mjs", forge.url, mode]).document
    forge.assert_made(workshop.file)
    assert told["words"] == [OPENING, CLOSING]
    assert told["statuses"] == ["completed", "completed"]
    assert told["models"] == ["planning", "planning"]
    for usage in told["usages"]:
        assert (usage["input_tokens"], usage["output_tokens"]) == (INPUT_TOKENS, OUTPUT_TOKENS)
        assert usage["input_tokens_details"]["cached_tokens"] == CACHED_TOKENS
        reasoning = REASONING_TOKENS if forge.dialect == "chat" else 0
        assert usage["output_tokens_details"]["reasoning_tokens"] == reasoning
    assert told["shaped"] == {"name": WORD, "count": 3}
