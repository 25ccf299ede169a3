"""A machine that `doctor` looks at: an empty home, and a configuration with one tier that can be changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w
from typer.testing import CliRunner

from anvil_serving.cli.app import app

if TYPE_CHECKING:
    import pytest

__all__ = ["MODEL", "Patient", "diagnosed", "empty_home"]

MODEL = "openai/gpt-oss-20b"
"""What the scripted vLLM serves."""


def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty home, and no program of this machine that a check asks for."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)


def diagnosed(*arguments: str) -> dict[str, dict[str, Any]]:
    """The checks by name; every one that is not well has a remedy, and the exit status says whether one fails."""
    result = CliRunner().invoke(app, ["doctor", "--json", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    diagnosis = json.loads(result.stdout)
    checks = {check["name"]: check for check in diagnosis["checks"]}
    assert len(checks) == len(diagnosis["checks"])
    fails = any(check["status"] == "fail" for check in checks.values())
    assert (result.exit_code, diagnosis["is_healthy"]) == (int(fails), not fails)
    for check in checks.values():
        assert (check["remedy"] is not None) == (check["status"] in {"warn", "fail"}), check
    return checks


class Patient:
    """A configuration with one tier, that can be changed."""

    def __init__(self, **tier: Any) -> None:
        self.tier: dict[str, Any] = {"id": "a", "context_limit": 100_000, "privacy": "local", **tier}
        self.server: dict[str, Any] = {"port": 0}
        self.more: dict[str, Any] = {}

    def look(self, *arguments: str) -> dict[str, dict[str, Any]]:
        document = {
            "server": self.server,
            "router": {"tiers": [self.tier], "presets": {"chat": ["a"]}, **self.more.pop("router", {})},
            **self.more,
        }
        Path("anvil-serving.toml").write_text(tomli_w.dumps(document))
        return diagnosed(*arguments)

    def status(self, name: str, *arguments: str) -> str:
        return str(self.look(*arguments)[name]["status"])
