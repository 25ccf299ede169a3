"""Claude Code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.clients.workshop import INSTALLED, TASK, Workshop
from tests.fakes.smith import CLOSING
from tests.fakes.turn import CACHED_TOKENS, INPUT_TOKENS

if TYPE_CHECKING:
    from tests.clients.forge import Forge

_CLAUDE = INSTALLED / "node_modules" / ".bin" / "claude"
_ARGUMENTS = ["--model", "planning", "--permission-mode", "acceptEdits", "--output-format", "json"]


def test_claude_code_makes_a_file(forge: Forge, workshop: Workshop) -> None:
    environment = {
        "ANTHROPIC_BASE_URL": forge.url,
        "ANTHROPIC_AUTH_TOKEN": "any",
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": "quick-edit",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
    }
    result = workshop.run([_CLAUDE, "-p", TASK, *_ARGUMENTS], environment).document
    forge.assert_made(workshop.file)
    assert (result["subtype"], result["result"], result["num_turns"]) == ("success", CLOSING, 2)
    # Both turns' usage, as the tier told it.
    assert result["usage"]["input_tokens"] == 2 * (INPUT_TOKENS - CACHED_TOKENS)
    assert result["usage"]["cache_read_input_tokens"] == 2 * CACHED_TOKENS
