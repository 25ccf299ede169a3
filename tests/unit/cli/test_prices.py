from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from anvil_serving.cli.app import app
from anvil_serving.errors import StartupError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def invoke(*arguments: str) -> Any:
    result = CliRunner().invoke(app, ["prices", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def source(folder: Path, models: int = 60) -> str:
    entry = {
        "litellm_provider": "openai",
        "mode": "chat",
        "input_cost_per_token": 2e-06,
        "output_cost_per_token": 8e-06,
    }
    path = folder / "theirs.json"
    path.write_text(json.dumps({f"model-{number}": entry for number in range(models)}))
    return str(path)


@pytest.mark.parametrize("command", ["list", "sync"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    assert f"Example: anvil-serving prices {command}" in invoke(command, "--help").stdout


def test_the_list() -> None:
    result = invoke("list", "--model", "CLAUDE-haiku-4-*")
    header, line = result.stdout.splitlines()
    assert header.split("  ")[0] == "model"
    assert line.split() == ["claude-haiku-4-5", "1", "5", "0.1", "1.25"]
    assert result.stderr.startswith("prices of 2026-11-20 from LiteLLM")


def test_the_list_as_json() -> None:
    found = json.loads(invoke("list", "--model", "claude-haiku-4-*", "--json").stdout)
    assert found["models"] == {
        "claude-haiku-4-5": {"input": 1.0, "output": 5.0, "cached_input": 0.1, "cache_write": 1.25}
    }


def test_a_model_that_is_not_listed() -> None:
    result = invoke("list", "--model", "nobody's")
    assert result.stdout == ""
    assert "no model of the list is called nobody's" in result.stderr


def test_a_sync_replaces_the_list(home: Path) -> None:
    said = invoke("sync", "--from", source(home)).stdout
    assert "60 models of " in said
    assert "60 new: model-0, model-1" in said
    assert " gone: chat-latest" in said
    assert len(json.loads(invoke("list", "--json").stdout)["models"]) == 60
    again = json.loads(invoke("sync", "--from", source(home), "--json").stdout)
    assert (again["models"], again["new"], again["changed"], again["gone"]) == (60, [], [], [])
    assert again["path"] == str(home / "data" / "anvil-serving" / "prices.json")


def test_a_sync_that_fails_is_an_error(home: Path) -> None:
    with pytest.raises(StartupError, match="prices of 3 models"):
        invoke("sync", "--from", source(home, models=3))
