from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from anvil_serving import __version__
from anvil_serving.cli.app import app

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str, folder: Path, code: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """The real command, in `folder` and with an empty home; or `code`, run as the program."""
    command = [sys.executable, *(["-c", code] if code is not None else ["-m", "anvil_serving"]), *arguments]
    environ = {**os.environ, "HOME": str(folder), **environment}
    environ.pop("XDG_CONFIG_HOME", None)
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_version() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout == f"anvil-serving {__version__}\n"


@pytest.mark.parametrize("command", ["serve", "quickstart", "init", "doctor", "gpus", "config"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"Example: anvil-serving {command}" in result.stdout


def test_no_configuration_is_one_sentence_and_a_hint(tmp_path: Path) -> None:
    result = run("serve", folder=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    error, hint = result.stderr.splitlines()
    assert error.startswith("error: there is no configuration")
    assert hint.startswith("hint: ")


def test_a_bad_configuration_is_a_report_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "anvil-serving.toml").write_text("[router]\nnonsense = 1\n")
    result = run("serve", folder=tmp_path)
    assert result.returncode == 2
    assert "nonsense" in result.stderr
    assert "Traceback" not in result.stderr


TIER = """
[[router.tiers]]
id = "local"
base_url = "http://127.0.0.1:9/v1"
context_limit = 1000
privacy = "local"
[router.presets]
chat = ["local"]
"""


def test_a_port_in_use_ends_it_before_a_server_starts(tmp_path: Path) -> None:
    (tmp_path / "anvil-serving.toml").write_text(TIER)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for command in ("serve", "quickstart"):
            result = run(command, "--port", str(port), folder=tmp_path)
            assert result.returncode == 2
            assert f"error: port {port} on 127.0.0.1 is already in use\nhint: " in result.stderr


def test_other_machines_need_a_token(tmp_path: Path) -> None:
    (tmp_path / "anvil-serving.toml").write_text(TIER)
    result = run("serve", "--host", "0.0.0.0", folder=tmp_path)
    assert result.returncode == 2
    assert "--insecure-no-auth" in result.stderr


def test_usage_errors_exit_2(tmp_path: Path) -> None:
    result = run("serve", "--nonsense", folder=tmp_path)
    assert result.returncode == 2
    assert "No such option: --nonsense" in result.stderr


BROKEN = """
import sys
sys.modules["anvil_serving.edge"] = None
from anvil_serving.cli import main
main()
"""


@pytest.mark.parametrize("debug", ["0", "1"])
def test_an_unknown_error_is_a_line_unless_a_traceback_is_wanted(tmp_path: Path, debug: str) -> None:
    result = run("serve", folder=tmp_path, code=BROKEN, ANVIL_DEBUG=debug)
    assert result.returncode == 1
    assert ("Traceback" in result.stderr) is (debug == "1")
    assert ("hint: this is a defect; ANVIL_DEBUG=1" in result.stderr) is (debug == "0")


PARSER_ONLY = """
import sys
from anvil_serving.cli import main
try:
    main()
finally:
    print(",".join(sorted({name.split(".")[0] for name in sys.modules} & {"rich", "granian", "msgspec", "xllamacpp"})))
"""


@pytest.mark.parametrize(
    ("arguments", "loaded"),
    [
        (["--version"], ""),
        (["--help"], ""),
        (["serve", "--help"], ""),
        (["score", "--help"], ""),
        (["harness", "setup", "--help"], ""),
        (["init", "--help"], ""),
        (["doctor", "--help"], ""),
        (["serves", "up", "--help"], ""),
        (["cache", "prune", "--help"], ""),
    ],
)
def test_the_parser_alone_loads_nothing_heavy(tmp_path: Path, arguments: list[str], loaded: str) -> None:
    result = run(*arguments, folder=tmp_path, code=PARSER_ONLY)
    assert result.stdout.splitlines()[-1] == loaded


def test_serve_does_without_rich(tmp_path: Path) -> None:
    (tmp_path / "anvil-serving.toml").write_text(TIER)
    code = """
import sys
import anvil_serving.edge
anvil_serving.edge.serve = lambda *_, **__: print("rich" in sys.modules)
from anvil_serving.cli import main
main()
"""
    result = run("serve", "--port", "0", folder=tmp_path, code=code)
    assert (result.returncode, result.stdout) == (0, "False\n"), result.stderr
