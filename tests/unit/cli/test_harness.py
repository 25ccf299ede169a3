from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, get_args

import pytest
from typer.testing import CliRunner

from anvil_serving.cli.app import app
from anvil_serving.errors import AnvilError, StartupError
from anvil_serving.substrate.harness import HarnessName

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAMES = get_args(HarnessName)
_CONFIG = """
[server]
port = 8123
auth_env = "ROUTER_TOKEN"
[[router.tiers]]
id = "local"
base_url = "http://127.0.0.1:9/v1"
context_limit = 65536
privacy = "local"
[router.presets]
planning = ["local"]
"""
_NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "CODEX_HOME", "CLAUDE_CONFIG_DIR", "ROUTER_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(home)
    return home


@pytest.fixture
def router() -> Iterator[HTTPServer]:
    """Lists one model, to those who show the token."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers["Authorization"] == "Bearer sesame"
            models = [
                {"id": "planning", "context_window": 40_000, "max_output_tokens": None},
                {"id": "claude-planning"},
            ]
            body = json.dumps({"data": models}).encode()
            self.send_response(200 if known else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def _run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["harness", "setup", *arguments])


def _done(*arguments: str) -> Any:
    result = _run(*arguments)
    assert result.exit_code == 0, result.output
    return result


def _files(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*"))


@pytest.mark.parametrize("name", _NAMES)
def test_settings_are_printed_and_nothing_is_written(home: Path, name: str) -> None:
    result = _done(name, "--url", _NOBODY)
    assert f"{_NOBODY}" in result.stdout
    assert "no router answers" in result.stderr
    assert _files(home) == []
    told = json.loads(_done(name, "--url", _NOBODY, "--json", "-q").stdout)
    assert (told["harness"], told["action"], told["url"]) == (name, "print", _NOBODY)
    assert all(file["settings"] for file in told["files"])


@pytest.mark.parametrize("name", _NAMES)
def test_written_looked_at_and_undone(home: Path, name: str) -> None:
    dry = _done(name, "--url", _NOBODY, "--write", "--dry-run")
    assert "would be created" in dry.stdout
    assert _files(home) == []
    told = json.loads(_done(name, "--url", _NOBODY, "--write", "--json").stdout)
    assert {file["status"] for file in told["files"]} == {"created"}
    written = _files(home)
    assert "unchanged" in _done(name, "--url", _NOBODY, "--write").stdout
    assert "would be removed" in _done(name, "--undo", "--dry-run").stdout
    assert _files(home) == written
    assert json.loads(_done(name, "--undo", "--json").stdout)["files"][0]["status"] == "removed"
    assert _files(home) == []
    assert "nothing to undo" in _done(name, "--undo").stderr


def test_the_configuration_says_where_the_router_is_and_what_it_asks_for(home: Path) -> None:
    (home / "anvil-serving.toml").write_text(_CONFIG)
    result = _done("codex")
    assert 'base_url = "http://127.0.0.1:8123/v1"' in result.stdout
    assert 'env_key = "ROUTER_TOKEN"' in result.stdout
    assert "model_context_window = 65536" in result.stdout
    assert "export ROUTER_TOKEN=..." in result.stderr


def test_a_router_that_runs_is_asked(home: Path, router: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://127.0.0.1:{router.server_port}/v1"
    result = _done("codex", "--url", url, "--auth-env", "ROUTER_TOKEN")
    assert "wants a token that is not set here" in result.stderr
    monkeypatch.setenv("ROUTER_TOKEN", "sesame")
    result = _done("codex", "--url", url, "--auth-env", "ROUTER_TOKEN")
    assert "model_context_window = 40000" in result.stdout
    assert "sesame" not in result.output
    assert _files(home) == []


def test_a_token_is_written_only_where_there_is_no_other_way(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "sesame-open")
    result = _done("aider", "--url", _NOBODY, "--token-from-env", "MY_TOKEN", "--write", "--json")
    assert "sesame-open" not in result.output
    assert 'openai-api-key: "sesame-open"' in (home / ".aider.conf.yml").read_text()
    result = _done("aider", "--url", _NOBODY, "--token-from-env", "MY_TOKEN")
    assert "sesame-open" not in result.output
    for arguments in (
        ("codex", "--token-from-env", "MY_TOKEN"),
        ("aider", "--token-from-env", "NOT_SET"),
        ("codex", "--url", "http://user:password@host"),
        ("codex", "--url", "ftp://host"),
        ("codex", "--home", "/nowhere/at/all"),
        ("codex", "--config", "/nowhere.toml"),
    ):
        with pytest.raises(AnvilError):
            CliRunner().invoke(app, ["harness", "setup", *arguments], catch_exceptions=False)


def test_a_token_in_place_of_a_variables_name_is_not_repeated(home: Path) -> None:
    with pytest.raises(AnvilError, match="no name of a variable") as caught:
        CliRunner().invoke(app, ["harness", "setup", "codex", "--auth-env", "sk-the-token"], catch_exceptions=False)
    assert "sk-the-token" not in f"{caught.value}{caught.value.hint}"
    assert _files(home) == []


def test_a_router_with_a_token_for_each_client_wants_to_know_whose(home: Path) -> None:
    client = '[[server.clients]]\nname = "me"\nauth_env = "MY_TOKEN"\n[[router.tiers]]'
    config = _CONFIG.replace('auth_env = "ROUTER_TOKEN"\n', "").replace("[[router.tiers]]", client)
    (home / "anvil-serving.toml").write_text(config)
    with pytest.raises(StartupError, match="each client"):
        CliRunner().invoke(app, ["harness", "setup", "codex"], catch_exceptions=False)
    assert 'env_key = "MY_TOKEN"' in _done("codex", "--auth-env", "MY_TOKEN").stdout


def test_another_home_is_not_looked_for_by_this_ones_variables(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setenv("CODEX_HOME", str(home / "mine"))
    _done("codex", "--url", _NOBODY, "--home", str(other), "--write")
    assert (other / ".codex" / "config.toml").is_file()
    assert (other / ".local" / "state" / "anvil-serving" / "harness" / "codex.json").is_file()
    assert _files(home) == []


@pytest.mark.parametrize("value", ["", " ", "relative"])
def test_without_a_home_nothing_is_guessed(home: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HOME", value)
    with pytest.raises(StartupError, match="no home"):
        CliRunner().invoke(app, ["harness", "setup", "codex", "--write"], catch_exceptions=False)
    assert _files(home) == []


def test_usage_errors(home: Path) -> None:
    assert _run().exit_code == 2
    assert _run("emacs").exit_code == 2
    assert _run("codex", "--write", "--undo").exit_code == 2
    assert _files(home) == []


def test_a_broken_file_is_refused_with_its_line(home: Path) -> None:
    file = home / ".claude" / "settings.json"
    file.parent.mkdir()
    file.write_text('{\n  "env": {\n')
    with pytest.raises(StartupError, match=r"settings\.json, line 3: a } is missing") as caught:
        CliRunner().invoke(app, ["harness", "setup", "claude-code", "--write"], catch_exceptions=False)
    assert caught.value.hint is not None
    assert file.read_text() == '{\n  "env": {\n'


@pytest.mark.parametrize("module", ["yaml", "tomlkit"])
def test_a_library_that_is_not_there_is_named_with_its_extra(home: Path, module: str) -> None:
    code = f"import sys; sys.modules['{module}'] = None; from anvil_serving.cli import main; main()"
    name = {"yaml": "aider", "tomlkit": "codex"}[module]
    for more, status in (["--write"], 2), ([], 0):
        command = [sys.executable, "-c", code, "harness", "setup", name, "--url", _NOBODY, *more]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert result.returncode == status, result.stderr
        assert ("anvil-serving[harness]" in result.stderr) is bool(status)
    assert _files(home) == []
