"""Decisions to write and read, and ways to wait for them."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Any

from anvil_serving.decisions import Attempt, Candidate, Decision, DecisionReader, Facts, Feature, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

NOON = 1_790_000_000.0
LOCAL = Attempt(
    "fast",
    "qwen3-coder",
    "answered",
    privacy="local",
    window="block",
    status=200,
    first_byte_seconds=0.5,
    total_seconds=2.0,
    input_tokens=1_000,
    output_tokens=100,
    cached_tokens=800,
    cost_usd=0.0,
)
CLOUD = Attempt(
    "cloud",
    "claude-sonnet-4-5",
    "answered",
    privacy="cloud",
    first_byte_seconds=0.5,
    total_seconds=2.0,
    input_tokens=1_000,
    output_tokens=100,
    cached_tokens=0,
    cost_usd=0.0045,
)


def decision(number: int, **changes: Any) -> Decision:
    """A decision like those of a coding harness; each number has its own id and its own second."""
    members: dict[str, Any] = {
        "id": f"dec_{number:06}",
        "at": NOON + number,
        "request_id": f"req_{number:06}",
        "dialect": "anthropic",
        "session": "prefix:0011223344556677",
        "model": "claude-sonnet-4-5",
        "facts": Facts(prompt_tokens=12_345, messages=7, tools=18, stream=True),
        "intent": "quick-edit",
        "intent_source": "preset",
        "work_class": "bounded-edit",
        "class_source": "preset",
        "features": (Feature("tools.edit", 1.2),),
        "mapping_version": "1",
        "candidates": (Candidate("fast", 1, "the cheapest that may"),),
        "attempts": (LOCAL,),
        "result": "answered",
        "status": 200,
        "tier": "fast",
        "first_byte_seconds": 0.6,
        "total_seconds": 2.1,
        "cost_usd": 0.0,
        "prices_date": "2026-11-20",
    }
    return Decision(**members | changes)


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.02)


def written(path: Path, decisions: Iterable[Decision]) -> Path:
    """A log with these decisions, and no router beside it."""
    connection = table.connect(path)
    try:
        table.insert(connection, [table.row(each) for each in decisions])
    finally:
        connection.close()
    return path


def stored_ids(path: Path) -> list[str]:
    with DecisionReader(path) as reader:
        return [found.id for found in reader.iterate()]


def is_sound(path: Path) -> bool:
    connection = sqlite3.connect(path)
    try:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))
    finally:
        connection.close()
