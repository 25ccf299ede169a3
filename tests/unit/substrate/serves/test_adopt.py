from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.programs import NVIDIA_SMI, put_on_path

from anvil_serving.substrate.serves.adopt import NoSuchContainer, NothingPublished, adopt

if TYPE_CHECKING:
    from collections.abc import Callable

RECORDED = Path(__file__).parents[3] / "fakes" / "docker" / "inspected.json"
CARDS = """\
0, GPU-11, NVIDIA RTX PRO 6000 Blackwell, 97887, 1024, 12.0, 580.95.05, 7, 41
1, GPU-66, NVIDIA GeForce RTX 5090, 32607, 2, 12.0, 580.95.05, 0, 33
"""


@pytest.fixture
def has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], None]:
    """A machine whose Docker has the recorded container, stopped, with some of it changed."""
    put_on_path(tmp_path, monkeypatch, "docker", f"#!/bin/sh\ncat '{tmp_path / 'inspected.json'}'\n")
    put_on_path(tmp_path, monkeypatch, "nvidia-smi", NVIDIA_SMI.format(cards=CARDS, apps=""))

    def change(changes: dict[str, Any]) -> None:
        (document,) = json.loads(RECORDED.read_text())
        document["State"]["Status"] = "exited"
        for place, value in changes.items():
            *way, last = place.split("/")
            table = document
            for key in way:
                table = table[key]
            table[last] = value
        (tmp_path / "inspected.json").write_text(json.dumps([document]))

    return change


def labels(folder: Path, **changes: str) -> dict[str, str]:
    names = {
        "service": "heavy",
        "project": "myserves",
        "project.config_files": f"{folder}/compose.yml",
        "project.working_dir": f"{folder}",
        **{name.replace("_dot_", "."): value for name, value in changes.items()},
    }
    return {f"com.docker.compose.{name}": value for name, value in names.items()}


def test_a_container_of_compose(tmp_path: Path, has: Callable[[dict[str, Any]], None]) -> None:
    folder = tmp_path / "My Serves"
    folder.mkdir()
    (folder / "compose.yml").write_text("")
    has({"Config/Labels": labels(folder)})

    here = adopt("sglang", folder).serve
    assert (here.name, here.container, here.port, here.host) == ("heavy", "sglang", 39002, "127.0.0.1")
    assert (here.compose, here.service, here.up) == ("compose.yml", None, None)
    assert (here.image, here.model, here.health) == ("anvil-tiny:1", "qwen3", "/health")
    elsewhere = adopt("sglang", tmp_path / "other", called="mine").serve
    assert (elsewhere.name, elsewhere.compose, elsewhere.service) == ("mine", f"{folder}/compose.yml", "heavy")


def test_a_project_with_a_name_or_files_of_its_own_is_called_so(
    tmp_path: Path, has: Callable[[dict[str, Any]], None]
) -> None:
    for name in ("a b.yml", "c.yml"):
        (tmp_path / name).write_text("")
    files = f"{tmp_path}/a b.yml,{tmp_path}/c.yml"
    has({"Config/Labels": labels(tmp_path, project="other", project_dot_config_files=files)})

    serve = adopt("sglang", tmp_path).serve

    assert serve.compose is None
    files = f"-f '{tmp_path}/a b.yml' -f {tmp_path}/c.yml"
    assert serve.up == f"docker compose -p other --project-directory {tmp_path} {files} up -d heavy"


def test_a_compose_file_that_is_gone(tmp_path: Path, has: Callable[[dict[str, Any]], None]) -> None:
    has({"Config/Labels": labels(tmp_path)})

    adopted = adopt("sglang", tmp_path)

    assert (adopted.serve.compose, adopted.serve.up) == (None, None)
    assert any("is not there any more" in note for note in adopted.notes)


@pytest.mark.parametrize(
    ("requests", "gpus", "pinned"),
    [
        ([{"DeviceIDs": ["GPU-66"], "Capabilities": [["gpu"]]}], ("GPU-66",), True),
        ([{"DeviceIDs": ["1", "0"], "Capabilities": [["gpu"]]}], ("GPU-66", "GPU-11"), True),
        ([{"Count": -1, "Capabilities": [["gpu"]]}], (), True),
        ([{"Count": 1, "Capabilities": [["gpu"]]}], (), False),
        ([{"DeviceIDs": ["7"], "Capabilities": [["gpu"]]}], (), False),
        (None, (), True),
    ],
)
def test_gpus_are_written_by_their_uuid(
    tmp_path: Path, has: Callable[[dict[str, Any]], None], requests: object, gpus: tuple[str, ...], pinned: bool
) -> None:
    has({"HostConfig/DeviceRequests": requests, "Config/Labels": {}})

    adopted = adopt("sglang", tmp_path)

    assert adopted.serve.gpus == gpus
    assert any("not pinned" in note for note in adopted.notes) is not pinned


def bound(*places: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place in places:
        host, port, inner = place.rsplit(":", 2)
        found.setdefault(inner, []).append({"HostIp": host, "HostPort": port})
    return {"HostConfig/PortBindings": found, "Config/Labels": {}}


def test_which_port_is_its_own(tmp_path: Path, has: Callable[[dict[str, Any]], None]) -> None:
    has(bound("127.0.0.1:1:8000/tcp", "127.0.0.1:2:9000/tcp", "127.0.0.1:3:9000/udp"))
    with pytest.raises(NothingPublished, match="publishes 1, 2") as caught:
        adopt("sglang", tmp_path)
    assert "--port" in str(caught.value.hint)
    assert adopt("sglang", tmp_path, port=2).serve.port == 2
    with pytest.raises(NothingPublished, match="and not 3"):
        adopt("sglang", tmp_path, port=3)
    has(bound(":1:8000/tcp", ":::1:8000/tcp"))
    assert adopt("sglang", tmp_path).serve.host == "0.0.0.0"
    has(bound())
    with pytest.raises(NothingPublished, match="publishes no port"):
        adopt("sglang", tmp_path)
    has({**bound(), "HostConfig/NetworkMode": "host"})
    assert adopt("sglang", tmp_path, port=7).serve.port == 7


@pytest.mark.parametrize("name", ["other", "", "--all", "\x1b[2J"])
def test_a_container_that_is_not_there(tmp_path: Path, has: Callable[[dict[str, Any]], None], name: str) -> None:
    has({})

    with pytest.raises(NoSuchContainer) as caught:
        adopt(name, tmp_path)

    assert "\x1b" not in str(caught.value)
