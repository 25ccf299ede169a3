"""The compose file: what it says, that nothing in a name becomes syntax, and that Docker reads the same."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.programs import put_on_path

from anvil_serving.config import loads
from anvil_serving.errors import StartupError
from anvil_serving.substrate.deployment.compose_file import check_with_docker, compose_text
from anvil_serving.substrate.deployment.deployment import Deployment, design
from anvil_serving.substrate.deployment.engine_command import arguments
from anvil_serving.substrate.deployment.entry import serve_of, tier_of, tier_text
from anvil_serving.substrate.deployment.gpu_target import GpuTarget, cpu_target
from anvil_serving.substrate.deployment.model_source import ModelSource
from anvil_serving.substrate.deployment.order import Order
from anvil_serving.substrate.deployment.served_model import ServedModel, read_model
from anvil_serving.substrate.deployment.serving_engine import ENGINES, EngineName
from anvil_serving.substrate.manifest import load_manifest, serve_text

if TYPE_CHECKING:
    from collections.abc import Mapping

CARD = GpuTarget(kind="uuid", ids=("GPU-11111111-aaaa",), name="H100", memory_bytes=80 << 30, compute_capability="9.0")
ELSEWHERE = GpuTarget(kind="variable", cards=2, name="RTX 5090", memory_bytes=32 << 30, compute_capability="12.0")


def deployment(
    engine: EngineName = "sglang",
    *,
    target: GpuTarget = CARD,
    mount: str | None = "/models/Qwen3-8B",
    **members: Any,
) -> Deployment:
    source = ModelSource(
        name="Qwen3-8B",
        repository="Qwen/Qwen3-8B",
        format="gguf" if engine == "llama.cpp" else "safetensors",
        mount=None if mount is None else Path(mount),
        inside=PurePosixPath("m.gguf") if engine == "llama.cpp" else PurePosixPath(),
    )
    order = Order(**{"name": "fast", "served_name": "qwen", "engine": engine} | members)
    return design(order, read_model(source), target)


def service_of(text: str) -> dict[str, Any]:
    document = yaml.safe_load(text)
    (service,) = document["services"].values()
    assert isinstance(service, dict)
    return service


@pytest.mark.parametrize("engine", ENGINES)
def test_what_every_service_has(engine: EngineName) -> None:
    made = deployment(engine)
    service = service_of(compose_text(made))
    assert service["image"] == made.image
    assert "@sha256:" in service["image"]
    assert service["command"] == list(arguments(made))
    assert service["restart"] == "unless-stopped"
    # Of this machine alone, and by number: `localhost` may be IPv6 first.
    assert service["ports"] == [{"target": 30000, "published": "30000", "host_ip": "127.0.0.1", "protocol": "tcp"}]
    assert "localhost" not in compose_text(made)
    environment = service["environment"]
    assert (environment["CUDA_DEVICE_ORDER"], environment["CUDA_VISIBLE_DEVICES"]) == ("PCI_BUS_ID", CARD.ids[0])
    assert environment["HF_HUB_OFFLINE"] == "1"
    (devices,) = service["deploy"]["resources"]["reservations"]["devices"]
    assert devices == {"driver": "nvidia", "device_ids": [CARD.ids[0]], "capabilities": ["gpu"]}
    weights = service["volumes"][0]
    assert (weights["type"], weights["source"], weights["read_only"]) == ("bind", "/models/Qwen3-8B", True)
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["logging"]["options"] == {"max-size": "20m", "max-file": "5"}


def test_weights_that_are_downloaded_go_to_a_named_volume() -> None:
    text = compose_text(deployment("vllm", mount=None))
    service = service_of(text)
    assert service["command"][0] == "Qwen/Qwen3-8B"
    assert service["volumes"][0] == {"type": "volume", "source": "weights", "target": "/weights"}
    assert yaml.safe_load(text)["volumes"]["weights"] == {"name": "anvil-weights"}
    assert service["environment"]["HF_HOME"] == "/weights"
    # The caller's, if there is one: no secret is ever written.
    assert service["environment"]["HF_TOKEN"] is None
    assert "HF_HUB_OFFLINE" not in service["environment"]


def test_cards_of_another_machine_are_asked_for() -> None:
    service = service_of(compose_text(deployment(target=ELSEWHERE)))
    first, second = service["deploy"]["resources"]["reservations"]["devices"][0]["device_ids"]
    assert first.startswith("${ANVIL_GPU_0:?")
    assert service["environment"]["CUDA_VISIBLE_DEVICES"] == f"{first},{second}"


def test_a_card_by_its_number_is_not_hidden_from_itself() -> None:
    by_number = GpuTarget(kind="index", ids=("1",), memory_bytes=80 << 30)
    service = service_of(compose_text(deployment("vllm", target=by_number)))
    assert service["deploy"]["resources"]["reservations"]["devices"][0]["device_ids"] == ["1"]
    assert "CUDA_VISIBLE_DEVICES" not in service["environment"]


def test_the_cpu_needs_no_devices() -> None:
    service = service_of(compose_text(deployment("llama.cpp", target=cpu_target(64 << 30))))
    assert "deploy" not in service
    assert "CUDA_VISIBLE_DEVICES" not in service["environment"]


def unescaped(text: str) -> str:
    return text.replace("$$", "$")


ODD = [
    "a'b",
    'a"b',
    "a: b",
    "a #b",
    "${HOME}",
    "$x",
    "a$$b",
    "yes",
    "0o17",
    "1e3",
    "1:30",
    "~",
    "a - b",
    "{a}",
    "*a",
    "|",
    "é日",
    "a\\nb",
]


@pytest.mark.parametrize("name", [*ODD, *(f"{name}/{name}" for name in ODD)])
def test_odd_names_come_back_as_they_were(name: str) -> None:
    _comes_back(name, f"/m/{name}")


@settings(deadline=None)  # the first time, libraries are loaded
@given(name=st.text(min_size=1, max_size=40), path=st.text(min_size=1, max_size=40))
def test_whatever_the_name_it_is_refused_or_comes_back(name: str, path: str) -> None:
    # Anything but a refusal is a failure.
    with suppress(StartupError):
        _comes_back(name, f"/m/{path}")


@settings(deadline=None)  # the first time, libraries are loaded
@given(
    words=st.lists(
        st.sampled_from(["$", "{", "}", ":", "?", "'", '"', "\\", "#", " ", "a", "-", "\n", "&", "!"]), max_size=12
    )
)
def test_nothing_is_syntax(words: list[str]) -> None:
    # Anything but a refusal is a failure.
    with suppress(StartupError):
        _comes_back("x" + "".join(words), "/m/" + "".join(words))


def _comes_back(name: str, path: str) -> None:
    made = deployment("vllm", mount=path, name=name, served_name=name)
    text = compose_text(made)
    service = service_of(text)
    assert [unescaped(word) for word in service["command"]] == list(arguments(made))
    assert unescaped(service["command"][2]) == name
    assert unescaped(service["volumes"][0]["source"]) == str(Path(path))
    # An odd number of dollars would be a variable.
    assert all(run.count("$") % 2 == 0 for run in service["command"])
    assert all(line.startswith("# ") for line in text.splitlines()[:3])


@pytest.mark.parametrize("name", ["a\nb", "a\0b", "\x1b[2J", "a\u202eb", "\ud800"])
def test_names_that_steer_a_terminal_are_refused(name: str) -> None:
    with pytest.raises(StartupError):
        compose_text(deployment("vllm", mount=f"/m/{name}"))
    with pytest.raises(StartupError):
        deployment("vllm", served_name=name)


DOCKER = os.environ.get("ANVIL_TEST_DOCKER", "docker")


def _has_compose() -> bool:
    try:
        return subprocess.run([DOCKER, "compose", "version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


needs_compose = pytest.mark.skipif(not _has_compose(), reason="no docker compose here")


def docker_config(text: str, folder: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    path = folder / "compose.yaml"
    path.write_text(text, encoding="utf-8")
    command = [DOCKER, "compose", "--file", str(path), "config", "--format", "json"]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **environment}, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    (service,) = json.loads(ran.stdout)["services"].values()
    assert isinstance(service, dict)
    return service


@needs_compose
@pytest.mark.parametrize("engine", ENGINES)
def test_docker_reads_what_was_meant(engine: EngineName, tmp_path: Path) -> None:
    made = deployment(engine, served_name='it\'s ${HOME}: $x "y"', mount="/m/$HOME's: #1")
    service = docker_config(compose_text(made), tmp_path, {})
    assert [unescaped(word) for word in service["command"]] == list(arguments(made))
    assert unescaped(service["volumes"][0]["source"]) == "/m/$HOME's: #1"
    assert service["ports"][0]["host_ip"] == "127.0.0.1"
    assert check_with_docker(compose_text(made), made) is None


@needs_compose
def test_docker_asks_for_the_cards_of_another_machine(tmp_path: Path) -> None:
    made = deployment(target=ELSEWHERE)
    text = compose_text(made)
    service = docker_config(text, tmp_path, {"ANVIL_GPU_0": "GPU-1", "ANVIL_GPU_1": "GPU-2"})
    assert service["environment"]["CUDA_VISIBLE_DEVICES"] == "GPU-1,GPU-2"
    assert check_with_docker(text, made) is None
    with pytest.raises(AssertionError, match="set it to the UUID of the card"):
        docker_config(text, tmp_path, {})


# What `docker compose` 5.6.0 says of a file that it does not take, and of one that it does.
REFUSES = """#!/bin/sh
case "$*" in
"compose version") echo "Docker Compose version v5.6.0" ;;
*config*) echo "services.fast additional properties 'nonsense' not allowed" >&2; exit 15 ;;
esac
"""
# Docker 28.2.2 without the plugin.
NO_PLUGIN = '#!/bin/sh\necho "docker: unknown command: docker compose" >&2\nexit 1\n'


def test_a_file_that_docker_refuses_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(tmp_path, monkeypatch, "docker", REFUSES)
    with pytest.raises(StartupError, match=r"docker compose refuses the file: services\.fast additional properties"):
        check_with_docker("", deployment())


def test_a_docker_without_compose_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(tmp_path, monkeypatch, "docker", NO_PLUGIN)
    assert check_with_docker("", deployment()) == "docker compose is not installed"
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert check_with_docker("", deployment()) == "docker is not installed"


@pytest.mark.parametrize("engine", ENGINES)
def test_the_manifest_and_the_configuration_load_what_is_written(engine: EngineName, tmp_path: Path) -> None:
    made = deployment(engine, name='it\'s "fast"')
    manifest = tmp_path / "serves.toml"
    serve = serve_of(made, tmp_path / "compose.fast.yaml", manifest)
    manifest.write_text(serve_text(serve))
    assert load_manifest(manifest).serves == (serve,)
    assert (serve.compose, serve.service, serve.port) == ("compose.fast.yaml", made.service, 30000)
    assert serve.gpus == CARD.ids
    config = loads(f"{tier_text(made)}\n[router.presets]\nchat = [{json.dumps(made.name)}]\n", name="the tier")
    (tier,) = config.router.tiers
    assert tier == tier_of(made)
    assert (tier.id, tier.base_url, tier.model) == ('it\'s "fast"', "http://127.0.0.1:30000/v1", "qwen")
    assert config.warnings == ()
    # Qwen3 thinks unless told otherwise: a small max_tokens would be spent on it.
    assert tier.extra_body_defaults == {"chat_template_kwargs": {"enable_thinking": False}}


def test_gpt_oss_is_told_by_its_effort() -> None:
    source = ModelSource(name="gpt-oss-20b", format="safetensors", mount=Path("/m"))
    made = design(Order(name="fast", served_name="gpt", engine="vllm"), read_model(source), CARD)
    assert tier_of(made).extra_body_defaults == {"reasoning_effort": "low"}
    assert isinstance(made.model, ServedModel)


@settings(deadline=None)  # the first time, libraries are loaded
@given(name=st.text(min_size=1, max_size=30))
def test_whatever_the_name_manifest_and_tier_hold_it(name: str) -> None:
    try:
        made = deployment("vllm", name=name, served_name=name)
        text = tier_text(made)
    except StartupError:
        return
    (tier,) = loads(text, name="the tier").router.tiers
    assert (tier.id, tier.model) == (name, name)
