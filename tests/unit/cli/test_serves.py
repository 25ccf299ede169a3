"""What `serves` says on a machine without Docker; `tests/integration/test_serves.py` has the others."""

from __future__ import annotations

import http.server
import json
import threading
from typing import TYPE_CHECKING

import pytest
from tests.fakes.programs import put_on_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.command_line import Anvil


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Docker, no driver, an empty home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "DOCKER_HOST"):
        monkeypatch.delenv(name, raising=False)


class _Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"data": [{"id": "qwen"}, {"id": "\\u001b[2J"}]}' if self.path == "/v1/models" else b""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        pass


@pytest.fixture
def port() -> Iterator[int]:
    """A port on which somebody serves a model."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def manifest(folder: Path, *ports: int) -> None:
    entries = [f'[[serve]]\nname = "s{number}"\ncontainer = "c{number}"\nport = {number}\n' for number in ports]
    (folder / "serves.toml").write_text("".join(entries))


@pytest.mark.parametrize("command", [["status"], ["up"], ["down"], ["rm", "a"], ["logs", "a"]])
def test_no_manifest_is_one_sentence_and_a_hint(anvil: Anvil, command: list[str]) -> None:
    said = anvil("serves", *command)

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: there is no manifest: neither ./serves.toml nor a configuration exists\nhint: ")


@pytest.mark.parametrize(
    "command", [["up"], ["up", "--dry-run"], ["down"], ["rm", "s1"], ["logs", "s1"], ["adopt", "x"]]
)
def test_without_docker_what_needs_it_says_so(anvil: Anvil, tmp_path: Path, command: list[str]) -> None:
    manifest(tmp_path, 1)

    said = anvil("serves", *command)

    assert (said.code, said.out) == (2, "")
    error, hint = said.err.splitlines()
    assert error == "error: there is no `docker` on this machine's PATH"
    assert hint.startswith("hint: install Docker")


def test_status_without_docker_asks_the_ports(anvil: Anvil, tmp_path: Path, port: int) -> None:
    manifest(tmp_path, port, 1)

    said = anvil("serves", "status")

    assert said.code == 1
    first, second = said.err.splitlines()
    assert first == "warning: there is no `docker` on this machine's PATH; only the ports were asked"
    assert second.startswith("hint: ")
    _, reachable, silent = said.out.splitlines()
    assert reachable.split()[3:5] == ["reachable", "200"]
    assert r"qwen, \x1b[2J" in reachable
    assert silent.split()[3:5] == ["unknown", "-"]
    seen = json.loads(anvil("serves", "status", f"s{port}", "--json").out)
    assert seen["docker_error"] == "there is no `docker` on this machine's PATH"
    assert seen["serves"][0]["models"] == ["qwen", "\x1b[2J"]
    # All that is asked for answers: that is as well as can be known.
    assert anvil("serves", "status", f"s{port}", "--quiet") == (0, anvil("serves", "status", f"s{port}").out, "")


def test_a_port_that_answers_without_a_container(
    anvil: Anvil, tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest(tmp_path, port)
    script = "#!/bin/sh\ncase $1 in ps) ;; *) echo '[]'; echo 'Error: No such container: c' >&2; exit 1 ;; esac\n"
    put_on_path(tmp_path, monkeypatch, "docker", script)

    said = anvil("serves", "status")

    assert said.code == 1
    assert said.out.splitlines()[1].split()[3] == "reachable"
    assert "the port answers, but no container of this name does" in said.out
    up = anvil("serves", "up")
    assert up.code == 1
    assert "the manifest does not say how it is made" in up.err


def test_an_empty_manifest(anvil: Anvil, tmp_path: Path) -> None:
    (tmp_path / "serves.toml").write_text("")

    said = anvil("serves", "status")

    assert (said.code, said.out) == (0, "")
    assert said.err == "serves.toml has no [[serve]] entry\n" or said.err.endswith(
        "/serves.toml has no [[serve]] entry\n"
    )


def test_a_name_that_is_not_in_the_manifest(anvil: Anvil, tmp_path: Path) -> None:
    manifest(tmp_path, 1)

    said = anvil("serves", "down", "c2")

    assert (said.code, said.out) == (2, "")
    assert "has no serve c2\nhint: " in said.err


def test_a_bad_manifest_is_a_report_and_a_strange_key_a_warning(anvil: Anvil, tmp_path: Path) -> None:
    (tmp_path / "serves.toml").write_text('[[serve]]\nname = "a"\n')
    said = anvil("serves", "status")
    assert said.code == 2
    assert "serves.toml:1: serve[0]: `container` is missing" in said.err
    (tmp_path / "serves.toml").write_text('[[serve]]\nname = "a"\ncontainer = "a"\nport = 1\n"x\\u001b[2J" = 1\n')
    warned = anvil("serves", "status")
    assert "is not known and is ignored" in warned.err
    assert "\x1b" not in warned.err


@pytest.mark.parametrize("command", ["status", "up", "down", "logs", "adopt", "rm"])
def test_every_command_has_help_with_an_example(anvil: Anvil, command: str) -> None:
    said = anvil("serves", command, "--help")

    assert said.code == 0
    assert f"Example: anvil-serving serves {command}" in said.out
