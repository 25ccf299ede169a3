from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fakes.programs import put_on_path

from anvil_serving.substrate.docker.docker import (
    ComposeMissing,
    DockerFailed,
    DockerForbidden,
    DockerMissing,
    DockerNotRunning,
    ask,
    complaint,
    order,
)

if TYPE_CHECKING:
    from pathlib import Path

    from anvil_serving.errors import StartupError

SOCKET = "the Docker daemon socket at unix:///var/run/docker.sock: Get"
DENIED = "dial unix /var/run/docker.sock: connect: permission denied"

# What docker/cli wrote to stderr when it was run so: 28.2.2, and 20.10.24 where it says so.
NOT_RUNNING = [
    "Cannot connect to the Docker daemon at unix:///nope. Is the docker daemon running?",
    'error during connect: Get "http://h:1/v1.24/version": dial tcp: lookup h: no such host',
    'Failed to initialize: unable to resolve docker endpoint: context "x": context not found: open meta.json',
]
FORBIDDEN = [
    f'permission denied while trying to connect to {SOCKET} "http://%2Fdocker.sock/v1.50/containers/t1/json": {DENIED}',
    f'Got permission denied while trying to connect to {SOCKET} "http://%2Fdocker.sock/v1.24/info": {DENIED}',  # 20.10
]
NO_COMPOSE = [
    "docker: unknown command: docker compose\n\nRun 'docker --help' for more information",
    "unknown shorthand flag: 'f' in -f\n\nUsage:  docker [OPTIONS] COMMAND [ARG...]",
    "docker: 'compose' is not a docker command.\nSee 'docker --help'",  # 20.10
]
SAID = [
    *((DockerNotRunning, said) for said in NOT_RUNNING),
    *((DockerForbidden, said) for said in FORBIDDEN),
    *((ComposeMissing, said) for said in NO_COMPOSE),
]

REFUSED = "docker: Error response from daemon:"
ADVICE = "\n\nRun 'docker run --help' for more information"
NO_GPU = f'{REFUSED} could not select device driver "" with capabilities: [[gpu]]{ADVICE}'
PORT = (
    f"{REFUSED} driver failed programming external connectivity on endpoint t4 (2): Bind for 127.0.0.1:1 failed: port "
    f"is already allocated{ADVICE}"
)
NAME = f'{REFUSED} Conflict. The container name "/t5" is already in use by container "1". You have to remove it.'


def docker(folder: Path, monkeypatch: pytest.MonkeyPatch, said: str, status: int = 1) -> None:
    (folder / "said").write_text(said)
    put_on_path(folder, monkeypatch, "docker", f"#!/bin/sh\ncat '{folder / 'said'}' >&2\nexit {status}\n")


@pytest.mark.parametrize(("kind", "said"), SAID)
def test_each_way_in_which_docker_is_not_there_has_a_name_and_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[StartupError], said: str
) -> None:
    docker(tmp_path, monkeypatch, said)
    monkeypatch.delenv("DOCKER_HOST", raising=False)

    for act in (lambda: ask(["x"]), lambda: order(["docker", "x"], lambda _: None)):
        with pytest.raises(kind) as caught:
            act()
        assert caught.value.hint
        assert "DOCKER_HOST" not in f"{caught.value}{caught.value.hint}"


def test_no_docker_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    for act in (lambda: ask(["x"]), lambda: order(["docker", "x"], lambda _: None)):
        with pytest.raises(DockerMissing, match="there is no `docker`") as caught:
            act()
        assert "install Docker" in str(caught.value.hint)


def test_the_host_that_a_variable_names_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(tmp_path, monkeypatch, "Cannot connect to the Docker daemon at tcp://h:1. Is the docker daemon running?")
    monkeypatch.setenv("DOCKER_HOST", "tcp://h:1\x1b[31m")

    with pytest.raises(DockerNotRunning) as caught:
        ask(["x"])

    assert r"at tcp://h:1\x1b[31m, which DOCKER_HOST names, does not answer" in str(caught.value)
    assert "unset DOCKER_HOST" in str(caught.value.hint)


def test_what_a_container_wrote_is_not_taken_for_dockers_own_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(tmp_path, monkeypatch, "Cannot connect to the Docker daemon", status=0)

    assert ask(["logs", "x"]).status == 0


@pytest.mark.parametrize(
    ("said", "reason", "advice"),
    [
        (NO_GPU, "could not select device driver", "NVIDIA Container Toolkit"),
        (PORT, "port is already allocated", "docker ps"),
        (NAME, "is already in use by container", "--recreate"),
        ("no such service: nope", "no such service: nope", None),
        ("", "exit status 1, and nothing said", None),
    ],
)
def test_an_order_that_fails_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, reason: str, advice: str | None
) -> None:
    docker(tmp_path, monkeypatch, said)
    heard: list[str] = []

    with pytest.raises(DockerFailed, match="`docker run x` failed: ") as caught:
        order(["docker", "run", "x"], heard.append)

    assert reason in str(caught.value)
    assert "--help" not in str(caught.value)
    assert advice is None or advice in str(caught.value.hint)
    assert heard == said.splitlines()


def test_a_complaint_steers_no_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(tmp_path, monkeypatch, "error: \x1b[2Jgone")

    assert complaint(ask(["x"])) == r"error: \x1b[2Jgone"
