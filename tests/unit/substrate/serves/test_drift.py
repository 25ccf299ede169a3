from __future__ import annotations

from typing import Any

import msgspec
import pytest

from anvil_serving.config import Serve
from anvil_serving.substrate.docker.compose import ComposeService
from anvil_serving.substrate.docker.container import ComposeOrigin, Container, Published
from anvil_serving.substrate.serves.drift import Wanted, drift_of, served_names
from anvil_serving.substrate.serves.probe import Probe

SERVE = Serve(name="heavy", container="c", port=30000)
CONTAINER = Container(
    id="1",
    name="c",
    status="running",
    image="lmsysorg/sglang:v1",
    image_id="sha256:1",
    published=(Published(host="127.0.0.1", port=30000, container_port="8000/tcp"),),
    entrypoint=("python3", "-m", "sglang.launch_server"),
    command=("--model-path", "/models/q", "--served-model-name", "q"),
)
NOTHING_MORE = Wanted()
HEALTHY = Probe(health_status=200, models=("q",))


def drifts(
    serve: dict[str, Any] | None = None,
    container: dict[str, Any] | None = None,
    probe: Probe = HEALTHY,
    wanted: Wanted = NOTHING_MORE,
) -> list[tuple[str, str, str]]:
    changed = msgspec.structs.replace(SERVE, **(serve or {}))
    found = drift_of(changed, msgspec.structs.replace(CONTAINER, **(container or {})), probe, wanted)
    return [(drift.what, drift.expected, drift.found) for drift in found]


def test_what_is_as_it_should_be_has_none() -> None:
    assert drifts({"model": "q", "image": "docker.io/lmsysorg/sglang:v1"}) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("redis", "docker.io/library/redis:latest", True),
        ("vllm/vllm-openai", "vllm/vllm-openai:latest", True),
        ("vllm/vllm-openai:v1", "vllm/vllm-openai:v2", False),
        ("localhost:5000/a", "localhost:5000/a:latest", True),
        ("ghcr.io/a/b@sha256:12", "ghcr.io/a/b@sha256:12", True),
        ("ghcr.io/a/b@sha256:12", "ghcr.io/a/b@sha256:13", False),
        ("ghcr.io/a/b", "a/b", False),
    ],
)
def test_names_of_images(one: str, other: str, same: bool) -> None:
    assert (drifts({"image": one}, {"image": other}) == []) is same


def test_a_name_that_means_another_image_now() -> None:
    image = {"image": "lmsysorg/sglang:v1"}

    assert drifts(image, wanted=Wanted(images={"lmsysorg/sglang:v1": "sha256:1"})) == []
    ((what, expected, found),) = drifts(image, wanted=Wanted(images={"lmsysorg/sglang:v1": "sha256:2"}))
    assert what == "image"
    assert "(2)" in expected
    assert "(1)" in found


def test_ports_and_addresses() -> None:
    assert drifts({"port": 1}) == [("port", "1", "127.0.0.1:30000")]
    assert drifts({}, {"published": ()}) == [("port", "30000", "not published")]
    everywhere = {"published": (Published(host="0.0.0.0", port=30000, container_port="8000/tcp"),)}
    assert drifts({}, everywhere) == [("host", "127.0.0.1", "0.0.0.0")]
    assert drifts({"host": "0.0.0.0"}, everywhere) == []
    assert drifts({}, {"published": (), "has_host_network": True}) == []


def test_a_command_is_shown_where_it_differs_and_keeps_its_secrets() -> None:
    words = ("--model-path", "/models/q", "--a", "1", "--b", "2", "--api-key", "sesame", "--hf-token=abc", "--c")
    changed = (*words[:5], "3", *words[6:])
    wanted = Wanted(service=ComposeService(command=changed))

    ((what, expected, found),) = drifts({}, {"command": words}, wanted=wanted)

    assert what == "command"
    assert expected == "... --b 3 --api-key *** --hf-token=*** --c"
    assert found == "... --b 2 --api-key *** --hf-token=*** --c"


def test_a_command_that_ends_earlier() -> None:
    wanted = Wanted(service=ComposeService(command=("--a",)))

    assert drifts({}, {"command": ("--a", "--b")}, wanted=wanted) == [("command", "--a", "--a --b")]
    assert drifts({}, {"command": ()}, wanted=wanted) == [("command", "--a", "(nothing)")]
    # Without a command in the file it is the image's, which is not known here.
    assert drifts({}, {"command": ("--b",)}, wanted=Wanted(service=ComposeService())) == []


def test_gpus_by_uuid_by_number_and_all() -> None:
    cards = {"0": "GPU-a", "1": "GPU-b"}
    pinned = {"gpus": ("GPU-a",)}
    assert drifts(pinned, {"gpus": ("GPU-a",)}) == []
    assert drifts(pinned, {"gpus": ("0",)}, wanted=Wanted(uuids=cards)) == []
    assert drifts(pinned, {"gpus": ("1",)}, wanted=Wanted(uuids=cards)) == [("gpus", "GPU-a", "GPU-b")]
    assert drifts(pinned, {"gpus": ("all",)}, wanted=Wanted(uuids=cards)) == [("gpus", "GPU-a", "GPU-a, GPU-b")]
    assert drifts(pinned, {"gpus": ("all",)}, wanted=Wanted(uuids={"0": "GPU-a"})) == []
    assert drifts(pinned, {"gpus": ()}) == [("gpus", "GPU-a", "none")]
    assert drifts({}, {"gpus": ("all",)}) == []


def test_the_model_that_it_says_before_the_one_that_it_was_told() -> None:
    other = {"model": "other"}
    assert drifts(other) == [("model", "other", "q")]
    assert drifts({"model": "q"}, probe=Probe(health_status=200, models=("a", "q"))) == []
    # Healthy, and silent on its models: nothing is known.
    assert drifts(other, probe=Probe(health_status=200, models_status=401)) == []
    # It does not run: what it was told is what it will serve.
    assert drifts(other, probe=Probe()) == [("model", "other", "q")]
    assert drifts({"model": "q"}, {"command": ()}, probe=Probe()) == []


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("vllm", "serve", "--served-model-name", "a", "b", "--port", "1"), ("a", "b")),
        (("--served-model-name=a",), ("a",)),
        (("llama-server", "-m", "/q.gguf", "--alias", "q"), ("q",)),
        (("llama-server", "-m", "/q.gguf"), ("/q.gguf",)),
        (("python3", "-m", "sglang.launch_server", "--model-path", "/m"), ("/m",)),
        (("--model-path",), ()),
        ((), ()),
    ],
)
def test_what_a_command_line_calls_its_model(words: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert served_names(words) == names


def test_whatever_else_compose_would_change_is_one_drift() -> None:
    def origin(config_hash: str | None) -> dict[str, Any]:
        return {"compose": ComposeOrigin(project="p", service="s", files=(), folder="", config_hash=config_hash)}

    wanted = Wanted(service=ComposeService(config_hash="abc"))
    assert drifts({}, origin("abc"), wanted=wanted) == []
    assert drifts({}, origin(None), wanted=wanted) == []
    assert [drift[0] for drift in drifts({}, origin("def"), wanted=wanted)] == ["compose"]
    assert drifts({}, {}, wanted=wanted) == [("compose", "the file as it is (abc)", "no compose file")]
    # Something that has a name of its own is not said twice.
    assert [drift[0] for drift in drifts({"port": 1}, origin("def"), wanted=wanted)] == ["port"]
