"""A router before a tier that speaks one dialect, and a smith at that tier."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.clients.workshop import CONTENT
from tests.fakes.smith import Smith
from tests.fakes.tier import Received, Tier
from tests.integration.router import PATHS, RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Forge"]

_DIALECTS = {"chat": "openai", "messages": "anthropic"}
"""What a configuration calls them."""
_PRESETS = ("planning", "quick-edit", "gpt-5.5")
"""The main model, the one for titles and the like, and one that Codex knows by name."""


@dataclass(frozen=True)
class Forge:
    """What a client's requests lead to."""

    dialect: str
    tier: Tier
    router: RouterProcess

    @classmethod
    @contextmanager
    def of(cls, dialect: str) -> Iterator[Forge]:
        """A forge whose tier speaks this dialect and no other."""
        with Tier() as tier:
            settings = tier_config(
                "smith",
                tier.url,
                dialects=[],
                dialect=_DIALECTS[dialect],
                context_limit=200_000,
                timeouts={"connect": 5.0, "first_byte": 30.0, "idle": 30.0, "total": 120.0},
            )
            with RouterProcess([settings], {preset: ["smith"] for preset in _PRESETS}) as router:
                yield cls(dialect, tier, router)

    @property
    def url(self) -> str:
        """Where clients find the router; OpenAI's add `/v1`."""
        return f"http://127.0.0.1:{self.router.port}"

    def expects(self, file: Path, insists_on: str | None = None) -> None:
        """Lets the smith make this file, with this tool or with the first it knows."""
        self.tier.plays(Smith(file, CONTENT, insists_on))

    def assert_made(self, file: Path) -> None:
        """The file is there as it was told, and the tier was asked in its own dialect alone, with the whole history."""
        assert file.read_bytes() == CONTENT.encode()
        requests = self.tier.requests
        assert {request.target for request in requests} == {PATHS[self.dialect]}
        smith = Smith(file, CONTENT)
        [(calls, results)] = [(calls, results) for calls, results in map(_history, requests) if results]
        assert [smith.arguments(name) for name, _ in calls.values()] == [arguments for _, arguments in calls.values()]
        assert list(calls) == results


_Calls: TypeAlias = dict[str, tuple[str, Any]]


def _history(request: Received) -> tuple[_Calls, list[str]]:
    """Each call that was made, by its id, and the ids of the results that came back."""
    messages = request.json["messages"]
    if request.dialect == "chat":
        called = [call for message in messages for call in message.get("tool_calls") or []]
        results = [message["tool_call_id"] for message in messages if message["role"] == "tool"]
        functions = {call["id"]: call["function"] for call in called}
        return {key: (call["name"], json.loads(call["arguments"])) for key, call in functions.items()}, results
    blocks = [block for message in messages if isinstance(message["content"], list) for block in message["content"]]
    results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
    return {block["id"]: (block["name"], block["input"]) for block in blocks if block["type"] == "tool_use"}, results
