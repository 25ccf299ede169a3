"""Plans for states that no engine stays in for long; `tests/integration/test_serves.py` has the others."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.programs import put_on_path

from anvil_serving.config import Serve
from anvil_serving.substrate.docker.docker import DockerNotRunning
from anvil_serving.substrate.manifest import Manifest
from anvil_serving.substrate.serves.lifecycle import Outcome, UpWishes, bring_down, bring_up, remove
from anvil_serving.substrate.serves.readiness import NotReady, StartFailed, wait_until_ready

if TYPE_CHECKING:
    from collections.abc import Callable

RECORDED = Path(__file__).parents[3] / "fakes" / "docker" / "inspected.json"


def silent_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture
def serve() -> Serve:
    return Serve(name="heavy", container="sglang", port=silent_port(), up="docker compose -f {dir}/c.yml up -d heavy")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A Docker whose only container is in a state, and which does nothing."""
    script = (
        f"#!/bin/sh\ncd '{tmp_path}'\necho \"$*\" >> asked\n"
        'case "$1" in container) cat inspected.json ;; logs) echo "CUDA error" >&2 ;; esac\n'
    )
    put_on_path(tmp_path, monkeypatch, "docker", script)

    def change(status: str, **members: Any) -> None:
        (document,) = json.loads(RECORDED.read_text())
        document["State"] |= {"Status": status, "Health": None, **members}
        document["RestartCount"] = members.get("Restarts", 0)
        (tmp_path / "inspected.json").write_text(json.dumps([document]))

    return change


def up(serve: Serve, folder: Path, **wishes: Any) -> Outcome:
    manifest = Manifest(path=folder / "serves.toml", serves=(serve,))
    (outcome,) = bring_up(manifest, (serve,), UpWishes(**wishes), lambda _doing, _done: None, dry_run=True)
    return outcome


def commands(outcome: Outcome, folder: Path) -> list[str]:
    return [command.replace(str(folder), "D") for command in outcome.commands]


COMPOSE = "docker compose -f D/c.yml up -d heavy"


@pytest.mark.parametrize(
    ("status", "action", "expected"),
    [
        ("running", "start", [COMPOSE]),
        ("created", "start", [COMPOSE]),
        ("exited", "start", [COMPOSE]),
        ("restarting", "start", [COMPOSE]),
        ("paused", "unpause", ["docker unpause sglang", COMPOSE]),
        ("dead", "recreate", ["docker rm -f sglang", COMPOSE]),
    ],
)
def test_plans_of_compose(
    serve: Serve, tmp_path: Path, state: Callable[..., None], status: str, action: str, expected: list[str]
) -> None:
    state(status)
    outcome = up(serve, tmp_path)
    assert (outcome.action, commands(outcome, tmp_path), outcome.error) == (action, expected, None)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        # As 0.7.1: compose is run whatever there is, a script only where there is nothing.
        ("docker-compose -f {dir}/c.yml up -d heavy", ["docker-compose -f D/c.yml up -d heavy"]),
        ("docker compose -f {dir}/c.yml up -d one two", ["docker compose -f D/c.yml up -d one two"]),
        ("bash {dir}/up.sh", ["docker start sglang"]),
    ],
)
def test_an_own_command_for_a_container_that_is_stopped(
    tmp_path: Path, state: Callable[..., None], command: str, expected: list[str]
) -> None:
    state("exited")
    outcome = up(Serve(name="heavy", container="sglang", port=silent_port(), up=command), tmp_path)
    assert commands(outcome, tmp_path) == expected


def test_what_is_being_removed_is_waited_for_by_the_person(
    serve: Serve, tmp_path: Path, state: Callable[..., None]
) -> None:
    state("removing")
    outcome = up(serve, tmp_path)
    assert (outcome.commands, outcome.error) == ((), "container sglang is being removed")


@pytest.mark.parametrize(
    ("status", "stops", "removes"),
    [("restarting", True, False), ("paused", True, False), ("created", False, True), ("dead", False, True)],
)
def test_what_is_stopped_and_what_is_removed(
    serve: Serve, state: Callable[..., None], status: str, stops: bool, removes: bool
) -> None:
    state(status)
    (down,) = bring_down((serve,), lambda _doing, _done: None, dry_run=True)
    (gone,) = remove((serve,), lambda _doing, _done: None, force=False, dry_run=True)
    assert down.commands == (("docker stop sglang",) if stops else ())
    assert gone.commands == (("docker rm sglang",) if removes else ())
    assert (gone.error is None) is removes


def test_a_daemon_that_is_gone_ends_everything(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?"
    put_on_path(tmp_path, monkeypatch, "docker", f"#!/bin/sh\necho '{said}' >&2; exit 1\n")
    with pytest.raises(DockerNotRunning):
        bring_down((serve, serve), lambda _doing, _done: None, dry_run=False)


def waited(serve: Serve, seconds: float) -> str:
    with pytest.raises((StartFailed, NotReady)) as caught:
        wait_until_ready(serve, seconds, lambda _doing, _done: None)
    return str(caught.value)


def test_a_container_that_fails_each_time_is_given_up(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each look finds it restarted once more.
    (document,) = json.loads(RECORDED.read_text())
    document["State"] |= {"Status": "restarting", "ExitCode": 3, "Health": None}
    document["RestartCount"] = "@"
    (tmp_path / "inspected").write_text(json.dumps([document]).replace('"@"', "@"))
    script = (
        f"#!/bin/sh\ncd '{tmp_path}'\ncase $1 in\nlogs) echo 'CUDA error: \\033[31mno' >&2 ;;\n"
        'container) echo >> times; sed "s/@/$(wc -l < times)/" inspected ;;\nesac\n'
    )
    put_on_path(tmp_path, monkeypatch, "docker", script)

    assert waited(serve, 30) == (
        "container sglang ended with exit code 3, each time that it was started again, after its start; the last that "
        "it said:\n  CUDA error: \\x1b[31mno"
    )


def test_a_container_that_used_up_its_memory_is_said_to_have(serve: Serve, state: Callable[..., None]) -> None:
    state("exited", OOMKilled=True, ExitCode=137)
    assert waited(serve, 30).startswith("container sglang ran out of memory after its start; the last that it said:\n")


def test_a_container_that_stays_silent_is_waited_for_so_long(serve: Serve, state: Callable[..., None]) -> None:
    state("running", StartedAt="2020-01-01T00:00:00Z")
    assert waited(serve, 0.5).startswith("serve heavy is unhealthy after 0.5 s; the last that it said:\n  CUDA error")
