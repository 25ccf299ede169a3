"""`init` with the options of 0.7.1: three files that agree."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.fakes.models import qwen3_8b
from tests.fakes.programs import NVIDIA_SMI, put_on_path
from tests.unit.cli.test_deploy import DOCKER_WITHOUT_COMPOSE
from typer.testing import CliRunner, Result

from anvil_serving.cli.app import app
from anvil_serving.config import load
from anvil_serving.errors import StartupError
from anvil_serving.substrate.manifest import load_manifest

CARDS = """\
0, GPU-11111111-2222-3333-4444-555555555555, NVIDIA RTX PRO 6000 Blackwell, 97887, 1024, 12.0, 580.95.05, 7, 41
"""


@pytest.fixture(autouse=True)
def _machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(home))
    for name in ("HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    put_on_path(home / "bin", monkeypatch, "nvidia-smi", NVIDIA_SMI.format(cards=CARDS, apps=""))
    put_on_path(home / "bin", monkeypatch, "docker", DOCKER_WITHOUT_COMPOSE)
    monkeypatch.setenv("PATH", f"{home / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")


@pytest.fixture
def qwen(tmp_path: Path) -> Path:
    return qwen3_8b(tmp_path / "models")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["init", *map(str, arguments)])


def agrees(folder: Path, *, name: str, port: int) -> None:
    compose = yaml.safe_load((folder / "docker-compose.yml").read_text())
    (serve,) = load_manifest(folder / "serves.toml").serves
    config = load(folder / "router.toml")
    (tier,) = config.router.tiers
    assert config.warnings == ()
    assert (serve.name, serve.port) == (tier.id, port) == (name, port)
    assert tier.base_url == f"http://127.0.0.1:{port}/v1"
    assert tier.model == serve.model
    assert any(str(port) in str(service["ports"]) for service in compose["services"].values())
    assert set(config.router.presets) == {"quick-edit", "chat", "planning", "review", "long-context"}


def test_every_option_of_0_7_1(qwen: Path) -> None:
    result = run(
        *("--model", qwen, "--gpu", "0", "--served-name", "qwen", "--tier-id", "heavy", "--port", "31000"),
        *("--context", "32768", "--engine", "sglang", "--disable-thinking", "--bind", "127.0.0.1", "--out-dir", "out"),
    )
    assert result.exception is None, (result.output, repr(result.exception))
    agrees(Path("out"), name="heavy", port=31000)
    assert load(Path("out/router.toml")).router.tiers[0].context_limit == 32_768
    assert "anvil-serving serve --config out/router.toml" in result.stderr


def card_of_0_7_1(path: Path, **more: Any) -> dict[str, Any]:
    usual = {
        "id": path.name,
        "local_path": str(path),
        "size_gb": 16.4,
        "format": "safetensors",
        "sglang_loadable": True,
    }
    return usual | {"sm120_caveat": None, "thinking_default": False, **more}


def test_the_largest_model_of_a_catalogue(qwen: Path, tmp_path: Path) -> None:
    cards = Path("model-library/cards")
    cards.mkdir(parents=True)
    missing = tmp_path / "none"
    for name, card in {
        "a": card_of_0_7_1(missing, size_gb=99, sglang_loadable=False, format="gguf"),
        "b": card_of_0_7_1(qwen),
        "c": card_of_0_7_1(missing, size_gb=99, sm120_caveat="FP8 MoE"),
        "d": card_of_0_7_1(missing, size_gb=1),
        "e": ["no card"],
    }.items():
        (cards / f"{name}.json").write_text(json.dumps(card))
    (cards / "broken.json").write_bytes(b"[" * 100_000)
    os.mkfifo(cards / "pipe.json")
    result = run("--port", "31001")
    assert result.exception is None, (result.output, repr(result.exception))
    agrees(Path(), name="Qwen3-8B", port=31001)


def test_cards_of_models_sync_are_a_catalogue(qwen: Path) -> None:
    synced = CliRunner().invoke(app, ["models", "sync", "--out", "library", "--model-dirs", str(qwen.parent)])
    assert synced.exception is None, synced.output
    result = run("--catalog-dir", "library", "--json")
    assert result.exception is None, (result.output, repr(result.exception))
    assert json.loads(result.stdout)["name"] == "Qwen3-8B"
    agrees(Path(), name="Qwen3-8B", port=30000)


def test_no_model() -> None:
    error = run("--out-dir", "out").exception
    assert isinstance(error, StartupError)
    assert "models sync" in str(error.hint)
    assert not Path("out").exists()


def test_what_is_there_stays_unless_forced(qwen: Path) -> None:
    Path("router.toml").write_text("mine")
    assert isinstance(run("--model", qwen).exception, StartupError)
    assert Path("router.toml").read_text() == "mine"
    assert not Path("docker-compose.yml").exists()
    assert run("--model", qwen, "--force").exception is None
    assert Path("router.toml.bak").read_text() == "mine"
