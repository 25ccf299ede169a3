from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.programs import put_on_path

from anvil_serving.substrate.docker.container import (
    ComposeOrigin,
    Published,
    _described,
    containers_on_port,
    image_ids,
    inspect_containers,
)
from anvil_serving.substrate.docker.docker import DockerFailed

if TYPE_CHECKING:
    from anvil_serving.substrate.docker.container import Container

RECORDED = Path(__file__).parents[3] / "fakes" / "docker" / "inspected.json"


def recorded() -> dict[str, Any]:
    (document,) = json.loads(RECORDED.read_text())
    assert isinstance(document, dict)
    return document


def described(document: object) -> Container:
    (container,) = _described(json.dumps([document]))
    return container


def test_what_a_real_engine_describes() -> None:
    container = described(recorded())

    assert (container.name, container.status, container.health) == ("sglang", "running", "healthy")
    assert container.image == "anvil-tiny:1"
    assert container.image_id.startswith("sha256:ae0a2d23a53c")
    assert container.published == (Published(host="127.0.0.1", port=39002, container_port="8000/tcp"),)
    assert container.words == ("/serve", "--served-model-name", "qwen3", "--template", "${x}")
    assert container.started_at == pytest.approx(1_795_934_489.497876)
    assert container.gpus == ()
    assert container.compose == ComposeOrigin(
        project="serves",
        service="heavy",
        files=("/srv/serves/compose.yml",),
        folder="/srv/serves",
        config_hash=recorded()["Config"]["Labels"]["com.docker.compose.config-hash"],
    )


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        ("created", {"StartedAt": "0001-01-01T00:00:00Z", "ExitCode": 128, "Error": "port is already allocated"}),
        ("paused", {"Paused": True}),
        ("restarting", {"Restarting": True, "ExitCode": 3}),
        ("exited", {"Running": False, "ExitCode": 137, "OOMKilled": True}),
        ("dead", {"Dead": True}),
    ],
)
def test_each_state_is_read(status: str, changes: dict[str, Any]) -> None:
    document = recorded()
    document["State"] |= {"Status": status, **changes}

    container = described(document)

    assert container.status == status
    assert container.out_of_memory is (status == "exited")
    assert (container.started_at is None) is (status == "created")
    assert container.error == changes.get("Error")


@pytest.mark.parametrize(
    ("bindings", "hosts"),
    [
        (None, []),
        ({}, []),
        ({"8000/tcp": None}, []),
        ({"8000/tcp": [{"HostIp": "", "HostPort": "1"}]}, ["0.0.0.0"]),
        (
            {"8000/tcp": [{"HostIp": "::", "HostPort": "1"}, {"HostIp": "127.0.0.1", "HostPort": "1"}]},
            ["::", "127.0.0.1"],
        ),
        ({"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}, []),
        ({"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "٣"}]}, []),
    ],
)
def test_published_ports(bindings: object, hosts: list[str]) -> None:
    document = recorded()
    document["HostConfig"]["PortBindings"] = bindings

    assert [place.host for place in described(document).published] == hosts


@pytest.mark.parametrize(
    ("requests", "runtime", "environment", "gpus"),
    [
        # As `docker run --gpus '"device=GPU-a,GPU-b"'` and `--gpus all` and `--gpus 2` are kept.
        ([{"Count": 0, "DeviceIDs": ["GPU-a", "GPU-b"], "Capabilities": [["gpu"]]}], "runc", [], ("GPU-a", "GPU-b")),
        ([{"Count": -1, "DeviceIDs": None, "Capabilities": [["gpu"]]}], "runc", [], ("all",)),
        ([{"Count": 2, "DeviceIDs": None, "Capabilities": [["gpu"]]}], "runc", [], ("any 2",)),
        ([{"Count": -1, "DeviceIDs": None, "Capabilities": [["tpu"]]}], "runc", [], ()),
        # Every image of CUDA sets the variable; only the runtime reads it.
        (None, "runc", ["NVIDIA_VISIBLE_DEVICES=all"], ()),
        (None, "nvidia", ["NVIDIA_VISIBLE_DEVICES=GPU-a,GPU-b"], ("GPU-a", "GPU-b")),
        (None, "nvidia", ["NVIDIA_VISIBLE_DEVICES=void"], ()),
    ],
)
def test_gpus(requests: object, runtime: str, environment: list[str], gpus: tuple[str, ...]) -> None:
    document = recorded()
    document["HostConfig"] |= {"DeviceRequests": requests, "Runtime": runtime}
    document["Config"]["Env"] = environment

    assert described(document).gpus == gpus


@pytest.mark.parametrize(
    ("policy", "again"),
    [
        ({"Name": "no", "MaximumRetryCount": 0}, False),
        ({"Name": ""}, False),
        (None, False),
        ({"Name": "unless-stopped", "MaximumRetryCount": 0}, True),
        ({"Name": "on-failure", "MaximumRetryCount": 3}, True),
    ],
)
def test_whether_docker_starts_it_again(policy: object, again: bool) -> None:
    document = recorded()
    document["HostConfig"]["RestartPolicy"] = policy

    assert described(document).restarts_itself is again


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=6,
)
PLACES = [
    ("State",),
    ("State", "Health"),
    ("State", "Health", "Log"),
    ("State", "StartedAt"),
    ("Config",),
    ("Config", "Cmd"),
    ("Config", "Env"),
    ("Config", "Labels"),
    ("HostConfig",),
    ("HostConfig", "PortBindings"),
    ("HostConfig", "DeviceRequests"),
    ("HostConfig", "NetworkMode"),
    ("Image",),
    ("RestartCount",),
]


@given(st.sampled_from(PLACES), JSON)
def test_an_odd_member_hides_no_other(place: tuple[str, ...], odd: object) -> None:
    document = recorded()
    table = document
    for key in place[:-1]:
        table = table[key]
    table[place[-1]] = odd

    found = _described(json.dumps([document, recorded()]))

    assert found[-1].name == "sglang"
    if place[0] not in ("Image", "RestartCount"):
        assert len(found) == 2


@pytest.mark.parametrize("place", PLACES)
def test_an_absent_member_hides_no_other(place: tuple[str, ...]) -> None:
    document = recorded()
    table = document
    for key in place[:-1]:
        table = table[key]
    del table[place[-1]]

    assert described(document).name == "sglang"


@pytest.mark.parametrize("text", ["", "warning: odd\n[]", "[1, null, {}]", "[[]]"])
def test_answers_without_a_container(text: str) -> None:
    assert _described(text) == ()


@pytest.mark.parametrize("text", ["[", "[{", "[" * 100_000, '["\ud800'])
def test_answers_that_are_not_json_are_an_error(text: str) -> None:
    with pytest.raises(DockerFailed, match="something else than JSON"):
        _described(text)


def docker(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    put_on_path(folder, monkeypatch, "docker", f"#!/bin/sh\n{script}\n")


def test_a_name_that_is_the_beginning_of_an_id_is_no_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(tmp_path, monkeypatch, f"cat '{RECORDED}'")

    assert set(inspect_containers(["sglang"])) == {"sglang"}
    assert inspect_containers([recorded()["Id"][:6]]) == {}


def test_some_are_there_and_some_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = "Error response from daemon: No such container: nope"
    docker(tmp_path, monkeypatch, f"cat '{RECORDED}'; echo '{missing}' >&2; exit 1")

    assert set(inspect_containers(["sglang", "nope"])) == {"sglang"}


def test_another_error_is_not_taken_for_absence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(tmp_path, monkeypatch, "echo '[]'; echo 'Error response from daemon: input/output error' >&2; exit 1")

    with pytest.raises(DockerFailed, match="input/output error"):
        inspect_containers(["sglang"])


def test_a_command_that_is_killed_is_not_taken_for_absence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(tmp_path, monkeypatch, "kill -9 $$")

    with pytest.raises(DockerFailed, match="exit status -9"):
        inspect_containers(["sglang"])


def test_who_has_a_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(tmp_path, monkeypatch, 'test "$3" = publish=8000 || exit 9; echo b; echo a')

    assert containers_on_port(8000) == ("a", "b")
    assert containers_on_port(1) == ()


def test_which_image_a_name_means(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # One line an image: its id, its tags and its digests, with tabs between them; those that are not here on stderr.
    lines = r"sha256:1\tvllm/vllm-openai:v1\tvllm/vllm-openai@sha256:2\n"
    docker(tmp_path, monkeypatch, f"printf '{lines}'; echo 'Error: No such image: other' >&2; exit 1")

    found = image_ids(["vllm/vllm-openai:v1", "other", "", "--format"])

    assert found == dict.fromkeys(("vllm/vllm-openai:v1", "vllm/vllm-openai@sha256:2", "sha256:1"), "sha256:1")
    assert image_ids(["", "-x"]) == {}


def test_a_port_that_is_none_is_left_out() -> None:
    document = recorded()
    document["HostConfig"]["PortBindings"] = {"8000/tcp": [{"HostIp": "", "HostPort": "9" * 5000}]}
    assert described(document).published == ()
