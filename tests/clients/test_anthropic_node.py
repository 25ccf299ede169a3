"""Anthropic's SDK for Node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.clients.workshop import CONTENT, FILE
from tests.fakes.smith import CLOSING, OPENING, THOUGHT, WORD
from tests.fakes.turn import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.forge import Forge
    from tests.clients.workshop import Workshop


@pytest.mark.parametrize("mode", ["streamed", "whole"])
@pytest.mark.parametrize("threads", ["with-threads", "without-threads"])
def test_the_sdk_makes_a_file(forge: Forge, workshop: Workshop, scripts: Path, mode: str, threads: str) -> None:
    told = workshop.run(["node", scripts / "anthropic.mjs", forge.url, mode, threads]).document
    forge.assert_made(workshop.file)
    [[thinking, text, tool_use], [_, closing]] = told["contents"]
    assert (thinking["thinking"], text["text"], closing["text"]) == (THOUGHT, OPENING, CLOSING)
    assert tool_use["input"] == {"path": FILE, "content": CONTENT}
    assert told["stops"] == ["tool_use", "end_turn"]
    assert told["models"] == ["planning", "planning"]
    for usage in told["usages"]:
        assert usage["input_tokens"] == INPUT_TOKENS - CACHED_TOKENS
        assert usage["cache_read_input_tokens"] == CACHED_TOKENS
        assert usage["output_tokens"] == OUTPUT_TOKENS
    assert told["shaped"] == {"name": WORD, "count": 3}
