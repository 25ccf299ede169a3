from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, get_args

import pytest
from tests.unit.decisions.records import decision
from typer.testing import CliRunner

from anvil_serving.cli import decisions as commands
from anvil_serving.cli.app import app
from anvil_serving.decisions import DecisionLog, Result

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = ("list", "show", "explain", "export", "report")
TIER = """
[[router.tiers]]
id = "local"
base_url = "http://127.0.0.1:9/v1"
context_limit = 1000
privacy = "local"
[router.presets]
chat = ["local"]
"""


def run(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The real command, in `folder` and with an empty home."""
    environ = {**os.environ, "HOME": str(folder), **environment}
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        if name not in environment:
            environ.pop(name, None)
    command = [sys.executable, "-m", "anvil_serving", "decisions", *arguments]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "log.sqlite3"
    log = DecisionLog(path)
    log.start()
    now = time.time()
    for number in range(10):
        odd = number % 2 == 1
        log.add(
            decision(
                number,
                at=now - 3_600 * (10 - number),
                session=f"s{number % 2}",
                result="exhausted" if odd else "answered",
                tier=None if odd else "fast",
                model="\x1b[31mred",
            )
        )
    log.close()
    return path


def invoke(*arguments: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, ["decisions", *arguments])
    assert result.exit_code == code, result.output
    return result


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    assert f"Example: anvil-serving decisions {command}" in invoke(command, "--help").stdout


def test_the_list_is_a_table_with_the_newest_first(path: Path) -> None:
    lines = invoke("list", "--log", str(path), "--limit", "3").stdout.splitlines()
    assert lines[0].split()[:2] == ["when", "id"]
    assert [line.split()[2] for line in lines[1:]] == ["dec_000009", "dec_000008", "dec_000007"]


def ids(*arguments: str) -> list[str]:
    page = json.loads(invoke("list", "--json", *arguments).stdout)
    return [found["id"][-1] for found in page["decisions"]]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["--session", "s1", "--limit", "2"], "97"),
        (["--result", "answered"], "86420"),
        (["--tier", "fast", "--since", "3h"], "8"),
        (["--until", "8h"], "210"),
        (["--work-class", "review"], ""),
        (["--intent", "quick-edit", "--limit", "1"], "9"),
        (["--client", "nobody"], ""),
    ],
)
def test_the_list_is_filtered(path: Path, filters: list[str], expected: str) -> None:
    assert "".join(ids("--log", str(path), *filters)) == expected


def test_the_list_goes_on(path: Path) -> None:
    first = json.loads(invoke("list", "--json", "--log", str(path), "--limit", "6").stdout)
    assert "".join(ids("--log", str(path), "--cursor", first["next"])) == "3210"


def test_the_results_are_those_of_the_record() -> None:
    literal, _ = get_args(get_args(commands.ResultOption)[0])
    assert get_args(literal) == get_args(Result)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list", "--since", "yesterday"], "is no moment: write 2h"),
        (["list", "--result", "nonsense"], "nonsense"),
        (["export", "--format", "xml"], "xml"),
        (["list", "--limit", "0"], "greater than or equal to 1"),
    ],
)
def test_usage_errors(path: Path, arguments: list[str], words: str) -> None:
    assert words in invoke(*arguments, "--log", str(path), code=2).output


def test_show_and_explain(path: Path) -> None:
    for wanted in ("last", "dec_000009", "req_000009"):
        shown = invoke("show", wanted, "--log", str(path)).stdout
        assert json.loads(shown)["id"] == "dec_000009"
        assert len(shown.splitlines()) > 10
        line = invoke("explain", wanted, "--json", "--log", str(path)).stdout
        assert json.loads(line) == json.loads(shown)
        assert len(line.splitlines()) == 1
        page = invoke("explain", wanted, "--log", str(path)).stdout
        assert page.startswith("Decision dec_000009")
        assert "\x1b" not in page + line + shown


def test_export(path: Path) -> None:
    lines = invoke("export", "--log", str(path)).stdout.splitlines()
    assert [json.loads(line)["id"][-1] for line in lines] == list("0123456789")
    rows = list(csv.DictReader(io.StringIO(invoke("export", "--format", "csv", "--log", str(path)).stdout)))
    assert [row["id"][-1] for row in rows] == list("0123456789")
    assert invoke("export", "--format", "csv", "--json", "--log", str(path)).stdout.splitlines() == lines


def test_report(path: Path) -> None:
    page = invoke("report", "--log", str(path)).stdout
    assert page.startswith("10 requests from ")
    found = json.loads(invoke("report", "--json", "--reference", "gpt-5", "--log", str(path)).stdout)
    assert (found["total"]["requests"], found["total"]["answered"], found["reference"]["model"]) == (10, 5, "gpt-5")


@pytest.mark.parametrize("command", ["list", "report", "export"])
def test_no_log_is_no_failure(tmp_path: Path, command: str) -> None:
    result = run(command, folder=tmp_path)
    assert (result.returncode, result.stdout) == (0, "")
    where = tmp_path / ".local" / "state" / "anvil-serving" / "decisions.sqlite3"
    assert result.stderr.startswith(f"there is no decision log at {where} yet")


def test_an_empty_list_says_why(path: Path) -> None:
    assert "agrees with what was asked for" in invoke("list", "--client", "nobody", "--log", str(path)).stderr


@pytest.mark.parametrize("command", ["show", "explain"])
def test_an_unknown_decision_is_one_sentence_and_a_hint(path: Path, command: str) -> None:
    for arguments in (("dec_x", "--log", str(path)), ("last",)):
        result = run(command, *arguments, folder=path.parent)
        assert (result.returncode, result.stdout) == (1, "")
        error, hint = result.stderr.splitlines()
        assert error.startswith("error: there is no decision")
        assert hint.startswith("hint: `anvil-serving decisions list`")


def test_a_damaged_log_is_one_sentence_and_a_hint(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"no database" * 100)
    result = run("list", "--log", "log", folder=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("error: the decision log cannot be read: log is damaged")


def test_a_cursor_of_somebody_else_is_refused(path: Path) -> None:
    result = run("list", "--log", str(path), "--cursor", "x", folder=path.parent)
    assert (result.returncode, result.stderr.splitlines()[0]) == (
        1,
        "error: this cursor was not given out by this log",
    )


def test_the_log_is_where_the_configuration_says(path: Path) -> None:
    text = f'[decisions]\npath = "{path}"\n{TIER}'
    (path.parent / "anvil-serving.toml").write_text(text)
    assert "dec_000009" in run("list", folder=path.parent).stdout
    elsewhere = path.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "router.toml").write_text(text)
    assert "dec_000009" in run("list", "--config", "router.toml", folder=elsewhere).stdout


def test_a_reader_that_has_enough_ends_it_quietly(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "log")
    log.start()
    for number in range(2_000):
        log.add(decision(number))
    log.close()
    command = f"'{sys.executable}' -m anvil_serving decisions export --log log | head -n 1"
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout)["id"] == "dec_000000"
