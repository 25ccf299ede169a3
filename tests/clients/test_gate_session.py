"""A session with a weak model that is really there: what it does wrong is caught, and the task is done all the same."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("xllamacpp")

from tests.clients.workshop import CONTENT, INSTALLED, TASK, Workshop
from tests.fakes.smith import CLOSING, Smith
from tests.fakes.tier import Tier
from tests.integration.router import RouterProcess, tier_config

from anvil_serving.config import WORK_CLASSES
from anvil_serving.decisions import DecisionReader
from anvil_serving.substrate.embedded.engine import EmbeddedEngine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anvil_serving.decisions import Decision

_CLAUDE = INSTALLED / "node_modules" / ".bin" / "claude"
_ARGUMENTS = ["--model", "planning", "--permission-mode", "acceptEdits", "--output-format", "json"]
_TERSE = ["--tools", "Write", "--system-prompt", "You make files with the tools that you have."]
"""So that a small model on a slow machine reads the prompt in seconds."""
_TIMEOUTS = {"connect": 5.0, "first_byte": 90.0, "idle": 60.0, "total": 110.0}


def _profile() -> dict[str, Any]:
    """The weak model may be asked for everything, under checks; the other one is trusted."""
    decisions = {"fast-local": "allow-with-verify", "heavy-local": "allow"}
    cells = [(tier_id, work_class) for tier_id in decisions for work_class in WORK_CLASSES]
    return {
        "schema": "anvil-serving.router.profile_bootstrap/v1",
        "entries": [
            {
                "tier_id": tier_id,
                "work_class": work_class,
                "decision": decisions[tier_id],
                "quality_score": 0.9,
                "sample_n": 1_000,
            }
            for tier_id, work_class in cells
        ],
    }


@pytest.fixture
def heavy(workshop: Workshop) -> Iterator[Tier]:
    """A model that knows its trade."""
    with Tier() as tier:
        tier.plays(Smith(workshop.file, CONTENT))
        yield tier


@pytest.fixture
def router(tmp_path: Path, heavy: Tier) -> Iterator[RouterProcess]:
    profile = tmp_path / "profile.json"
    profile.write_text(json.dumps(_profile()))
    with EmbeddedEngine.start() as engine:
        tiers = [
            tier_config(
                "fast-local",
                f"{engine.base_url}/v1",
                model=engine.model,
                dialects=["openai"],
                max_output_tokens=64,
                extra_body={"temperature": 0},
                timeouts=_TIMEOUTS,
            ),
            tier_config("heavy-local", heavy.url, dialects=["openai"], timeouts=_TIMEOUTS),
        ]
        presets = {name: ["fast-local", "heavy-local"] for name in ("planning", "quick-edit")}
        with RouterProcess(tiers, presets, router={"profile_path": str(profile)}) as process:
            yield process


def _decisions(router: RouterProcess, answered: int) -> list[Decision]:
    """All decisions, as soon as so many answers of the model that knows its trade are among them."""
    deadline = time.monotonic() + 10.0
    while True:
        with DecisionReader(router.decisions_path) as reader:
            found = list(reader.iterate())
        if sum(decision.tier == "heavy-local" for decision in found) >= answered or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def test_claude_code_makes_its_file_though_its_model_cannot(
    router: RouterProcess, heavy: Tier, workshop: Workshop
) -> None:
    environment = {
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{router.port}",
        "ANTHROPIC_AUTH_TOKEN": "any",
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": "quick-edit",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    result = workshop.run([_CLAUDE, "-p", TASK, *_ARGUMENTS, *_TERSE], environment).document
    assert workshop.file.read_bytes() == CONTENT.encode()
    assert (result["subtype"], result["result"]) == ("success", CLOSING)

    decisions = [decision for decision in _decisions(router, len(heavy.requests)) if decision.attempts]
    assert {decision.result for decision in decisions} == {"answered"}
    weak = [attempt for decision in decisions for attempt in decision.attempts if attempt.tier == "fast-local"]
    caught = [attempt for attempt in weak if attempt.defects]
    assert caught, [(attempt.outcome, attempt.defects) for attempt in weak]
    assert all(attempt.window == "whole" for attempt in weak)
    assert all(attempt.release_seconds is None for attempt in caught if attempt.outcome != "answered")
