"""Lines of Claude Code's log, for what the recorded samples do not have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["SAMPLES", "SPAWNED", "answer", "write"]

SAMPLES = Path(__file__).with_name("samples")
"""What Claude Code 2.1.197 and Codex 0.169.0 have written beside a scripted tier, long texts cut: a session of two
tools and two sub-agents, gone on with, then forked, and one that failed; a session gone on with, then forked, and one
of another model. Each answer of the tier had numbers of its own."""

SPAWNED = Path(__file__).with_name("spawned")
"""A session of Codex 0.169.0 that starts a sub-agent and waits for it, and the sub-agent's."""


def answer(
    number: int, *, at: str | None = "2026-11-20T10:00:00.000Z", folder: str = "/home/someone/work", **more: Any
) -> str:
    """A line of one answer of 100 fresh, 20 written, 1,000 read and `number` output tokens."""
    usage = {
        "input_tokens": 100,
        "cache_creation_input_tokens": 20,
        "cache_read_input_tokens": 1_000,
        "output_tokens": number,
    }
    line = {
        "type": "assistant",
        "timestamp": at,
        "sessionId": "s",
        "requestId": f"r{number}",
        "cwd": folder,
        "message": {"id": f"m{number}", "model": "claude-x", "content": [], "usage": usage},
    }
    return json.dumps(line | more)


def write(path: Path, *lines: str) -> Path:
    """A log of these lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path
