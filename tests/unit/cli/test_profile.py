from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.unit.decisions.records import LOCAL, NOON, decision
from typer.testing import CliRunner

from anvil_serving.cli.app import app
from anvil_serving.config import WORK_CLASSES
from anvil_serving.decisions import DecisionLog

if TYPE_CHECKING:
    from pathlib import Path

    from anvil_serving.decisions import Attempt

CONFIG = """
[[router.tiers]]
id = "fast"
base_url = "http://127.0.0.1:9/v1"
context_limit = 1000
privacy = "local"
[router.presets]
chat = ["fast"]
"""


def _attempt(outcome: str = "answered", *defects: str, **changes: Any) -> Attempt:
    return msgspec.structs.replace(LOCAL, **{"outcome": outcome, "defects": defects, "checked": True} | changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "c.toml").write_text(CONFIG)
    log = DecisionLog(tmp_path / "log.sqlite3", keep_days=1e6)
    log.start()
    attempts = [
        _attempt(),
        _attempt(),
        _attempt("empty", "empty"),
        _attempt("stream_cut"),
        _attempt(checked=False),
        _attempt(tier="gone"),
    ]
    for number, attempt in enumerate(attempts):
        log.add(decision(number, work_class="review", attempts=(attempt,)))
    log.close()
    return tmp_path


def show(folder: Path, *arguments: str) -> Any:
    log = folder / "log.sqlite3"
    result = CliRunner().invoke(
        app, ["profile", "show", "--config", str(folder / "c.toml"), "--log", str(log), *arguments]
    )
    assert result.exit_code == 0, result.output
    return result


def test_every_kind_of_work_has_its_verdict_and_what_was_found(folder: Path) -> None:
    lines = json.loads(show(folder, "--json").stdout)
    assert [line["work_class"] for line in lines] == list(WORK_CLASSES)
    by_class = {line["work_class"]: line for line in lines}
    assert by_class["review"]["structural"] == {
        "checked": 3,
        "passed": 2,
        "repaired": 0,
        "rejected": 1,
        "defects": {"empty": 1},
    }
    assert by_class["review"]["model"] == "qwen3-coder"
    assert by_class["chat"]["structural"]["checked"] == 0
    assert by_class["chat"]["verdict"] == "allow"


def test_the_table_says_the_same(folder: Path) -> None:
    lines = show(folder, "--work-class", "review").stdout.splitlines()
    assert len(lines) == 2
    assert lines[1].split()[:3] == ["fast", "review", "qwen3-coder"]
    assert lines[1].split()[-4:] == ["3", "67", "%", "empty"]


def test_only_what_is_asked_for_is_counted(folder: Path) -> None:
    since = datetime.fromtimestamp(NOON + 2, tz=UTC).astimezone().strftime("%Y-%m-%dT%H:%M:%S")
    line = json.loads(show(folder, "--json", "--work-class", "review", "--since", since).stdout)[0]
    assert line["structural"]["checked"] == 1
    assert show(folder, "--tier", "other").stdout == ""


def test_a_router_that_has_not_run_yet_has_a_profile_all_the_same(folder: Path) -> None:
    (folder / "log.sqlite3").unlink()
    result = show(folder)
    assert "no answer has been checked" in result.stderr
    assert len(result.stdout.splitlines()) == 1 + len(WORK_CLASSES)
