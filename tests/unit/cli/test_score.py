from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.unit.decisions.records import LOCAL, decision
from typer.testing import CliRunner

from anvil_serving.cli.app import app
from anvil_serving.config import WORK_CLASSES
from anvil_serving.decisions import DecisionLog

if TYPE_CHECKING:
    from pathlib import Path

_CONFIG = """
[router]
profile_path = "{profile}"
[[router.tiers]]
id = "fast"
base_url = "http://127.0.0.1:9/v1"
context_limit = 1000
privacy = "local"
model = "qwen3-coder"
[router.presets]
chat = ["fast"]
"""
_PROFILE = {
    "schema": "anvil-serving.router.profile_bootstrap/v1",
    "entries": [
        {
            "tier_id": "fast",
            "work_class": "planning",
            "decision": "allow",
            "quality_score": 0.8,
            "sample_n": 20,
            "last_measured": "2026-11-01",
        }
    ],
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _score(*arguments: str) -> Any:
    result = CliRunner().invoke(app, ["score", *arguments])
    assert result.exit_code == 0, result.output
    return result


def test_a_fresh_machine_is_told_what_evidence_is() -> None:
    result = _score()
    assert result.stdout.count("no evidence: not ranked") == len(WORK_CLASSES)
    assert "--evidence FILE" in result.stderr
    assert [ranking["entries"] for ranking in json.loads(_score("--json").stdout)] == [[]] * len(WORK_CLASSES)
    assert _score("-q").stderr == ""


def test_profile_log_and_files_are_evidence_each_with_its_source(home: Path) -> None:
    (home / "profile.json").write_text(json.dumps(_PROFILE))
    (home / "anvil-serving.toml").write_text(_CONFIG.format(profile=home / "profile.json"))
    log = DecisionLog(home / "log.sqlite3", keep_days=1e6)
    log.start()
    for number, (outcome, defects) in enumerate([("answered", ()), ("answered", ()), ("empty", ("empty",))]):
        attempt = msgspec.structs.replace(LOCAL, outcome=outcome, defects=defects, checked=True)
        log.add(decision(number, work_class="review", attempts=(attempt,)))
    log.close()
    rows = [{"model": "other", "work_class": "planning", "passed": 1, "samples": 100, "source": "a suite"}]
    (home / "e.json").write_text(json.dumps({"schema": "anvil-serving.evidence/v1", "evidence": rows}))
    arguments = ("--log", str(home / "log.sqlite3"), "--evidence", "e.json")
    rankings = {ranking["work_class"]: ranking for ranking in json.loads(_score(*arguments, "--json").stdout)}
    planning, review = rankings["planning"], rankings["review"]
    assert planning["basis"] == "quality"
    assert [(entry["rank"], entry["model"], entry["samples"]) for entry in planning["entries"]] == [
        (1, "qwen3-coder", 20),
        (2, "other", 100),
    ]
    assert planning["entries"][0]["sources"] == [f"profile {home / 'profile.json'}, measured 2026-11-01"]
    assert planning["entries"][0]["is_few"]
    assert review["basis"] == "structure"
    assert [(entry["model"], entry["samples"], entry["sources"]) for entry in review["entries"]] == [
        ("qwen3-coder", 3, ["decision log"])
    ]
    assert rankings["chat"]["basis"] is None
    text = _score(*arguments, "--work-class", "planning").stdout
    assert "20 (few)" in text
    assert "e.json: a suite" in text
    assert "review" not in text


def test_what_0_7_1_was_told_is_still_understood() -> None:
    assert "no evidence" in _score("--no-local").stdout
    assert _score("--self-check").stdout == ""


def test_bad_input_is_an_error_of_one_sentence(home: Path) -> None:
    (home / "bad.json").write_text("{")
    for arguments in (["--evidence", "bad.json"], ["--work-class", "cooking"], ["--config", "missing.toml"]):
        result = CliRunner().invoke(app, ["score", *arguments])
        assert result.exit_code == 1
        assert type(result.exception).__name__ in {"StartupError", "InvalidConfig"}
