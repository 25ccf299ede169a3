from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.cli.test_app import run
from tests.unit.substrate.usage.lines import SAMPLES, answer, write
from typer.testing import CliRunner, Result

from anvil_serving.cli.app import app
from anvil_serving.errors import StartupError

if TYPE_CHECKING:
    from pathlib import Path


def usage(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["usage", *arguments])


def document(*arguments: str) -> dict[str, Any]:
    result = usage("--json", *arguments)
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def test_the_picture_tells_what_the_samples_have() -> None:
    result = usage("--logs-dir", str(SAMPLES))
    assert result.exit_code == 0
    assert "claude-code and codex, 2026-11-29 to 2026-11-29: 17 answers in 5 sessions" in result.stdout
    for said in ("claude-opus-4-8", "gpt-5.5", "exec_command 4", "Explore 1", "list prices of 2026-11-20", "100.0 %"):
        assert said in result.stdout
    assert all(len(line) <= 100 for line in result.stdout.splitlines())


def test_json_tells_the_same() -> None:
    found = document("--logs-dir", str(SAMPLES))
    assert found["totals"]["assistant_calls"] == 17
    assert found["looked_in"] == [str(SAMPLES)]
    assert len(found["distribution"]["context_tokens"]["percentiles"]) == 101


def test_only_one_client_or_project() -> None:
    assert document("--logs-dir", str(SAMPLES), "--client", "codex")["totals"]["assistant_calls"] == 8
    assert document("--logs-dir", str(SAMPLES), "--project", "SOMEONE")["totals"]["assistant_calls"] == 17
    result = usage("--logs-dir", str(SAMPLES), "--project", "elsewhere")
    assert result.exit_code == 0
    assert "have no answer of a model" in result.stdout
    assert usage("--client", "emacs").exit_code == 2


def test_only_some_time() -> None:
    assert document("--logs-dir", str(SAMPLES), "--since", "2026-11-30")["totals"]["assistant_calls"] == 0
    assert document("--logs-dir", str(SAMPLES), "--until", "2026-11-30")["totals"]["assistant_calls"] == 17
    assert usage("--since", "lately").exit_code == 2


def test_broken_files_are_said_and_named(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", answer(1), "{")
    result = usage("--logs-dir", str(tmp_path))
    assert result.exit_code == 0
    assert "broken lines, which are not counted: 1" in result.stderr
    assert f"{tmp_path / 'a.jsonl'}: 1 broken, the first is line 2" in result.stderr
    assert usage("--logs-dir", str(tmp_path), "--quiet").stderr == ""


def test_a_report_is_written(tmp_path: Path) -> None:
    page = tmp_path / "new" / "usage.html"
    assert usage("--logs-dir", str(SAMPLES), "--html", str(page)).exit_code == 0
    assert page.read_text().startswith("<!doctype html>")


def test_a_report_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    result = usage("--logs-dir", str(SAMPLES), "--html", str(tmp_path))
    assert isinstance(result.exception, StartupError)


def test_without_logs_it_says_where_it_has_looked(tmp_path: Path) -> None:
    result = run("usage", folder=tmp_path, CLAUDE_CONFIG_DIR="", CODEX_HOME="")
    assert result.returncode == 0
    said = re.sub(r"\s+", " ", result.stdout)
    assert "No logs of Claude Code or Codex were found" in said
    assert str(tmp_path / ".claude" / "projects") in said
    assert str(tmp_path / ".codex" / "sessions") in said


def test_a_folder_that_is_not_there_is_one_sentence_and_a_hint(tmp_path: Path) -> None:
    result = run("usage", "--logs-dir", "absent", folder=tmp_path)
    assert result.returncode == 2
    error, hint = result.stderr.splitlines()
    assert error == "error: there is no folder absent"
    assert hint.startswith("hint: ")


def test_a_terminal_without_blocks_gets_others(tmp_path: Path) -> None:
    result = run("usage", "--logs-dir", str(SAMPLES), folder=tmp_path, PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert "@@@@" in result.stdout
    assert result.stdout.isascii()


def test_the_old_command_writes_the_old_files(tmp_path: Path) -> None:
    arguments = ["profile", "--logs-dir", str(SAMPLES / "claude"), "--out-dir", str(tmp_path)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    aggregate = json.loads((tmp_path / "usage_aggregate.json").read_text())
    # What 0.7.1 wrote; who reads its files finds it again.
    assert aggregate.keys() >= {
        *("window", "totals", "model_mix", "context_size_per_call", "generation_per_call", "concurrency"),
        *("throughput", "workflows", "sessions", "tools", "skills", "agent_types", "busiest_day", "daily"),
    }
    assert aggregate["window"].keys() >= {"files", "sessions_with_calls", "first_day", "last_day", "active_days"}
    assert aggregate["totals"].keys() >= {
        *("assistant_calls", "output_tokens", "fresh_input_tokens", "cache_creation_tokens", "cache_read_tokens"),
        "total_processed",
    }
    assert aggregate["context_size_per_call"].keys() == {"n", "p50", "p90", "p95", "p99", "max", "mean"}
    assert aggregate["generation_per_call"].keys() == {"p50", "p90", "p95", "p99", "max", "mean"}
    assert aggregate["concurrency"]["peak_parallel_sessions"].keys() == {"minute", "sessions"}
    assert aggregate["throughput"]["peak_output_tokens_per_hour"].keys() == {"hour", "tokens"}
    assert aggregate["daily"][0].keys() >= {"day", "out", "calls", "sessions"}
    roles = json.loads((tmp_path / "role_split.json").read_text())
    assert roles.keys() == {
        *("total_assistant_calls", "records_with_isSidechain_field", "by_role", "by_model"),
        "subagent_context_coverage_pct",
    }
    assert (roles["total_assistant_calls"], roles["by_role"]["subagent"]["n"]) == (9, 4)
    assert roles["subagent_context_coverage_pct"]["16384"] == 100.0


def test_the_old_command_writes_to_where_it_is_called(tmp_path: Path) -> None:
    result = run("profile", "--logs-dir", str(SAMPLES), folder=tmp_path)
    assert result.returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {"usage_aggregate.json", "role_split.json"}


def test_profile_without_anything_still_says_what_it_can_do() -> None:
    result = CliRunner().invoke(app, ["profile"])
    assert "show" in result.output
    assert CliRunner().invoke(app, ["profile", "--out-dir", ".", "show"]).exit_code == 2


@pytest.mark.parametrize("arguments", [["usage", "--since", "30d", "--html", "usage.html"]])
def test_the_example_works_in_an_empty_folder(tmp_path: Path, arguments: list[str]) -> None:
    assert run(*arguments, folder=tmp_path).returncode == 0
