from __future__ import annotations

import json
import os
import socket
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.engines import FakeEngine, ollama, sglang, vllm
from tests.fakes.programs import NVIDIA_SMI, put_on_path
from typer.testing import CliRunner

from anvil_serving.cli.app import app
from anvil_serving.config import load
from anvil_serving.errors import ConfigError, StartupError
from anvil_serving.substrate.engine import Finding, identify
from anvil_serving.substrate.first_config.first_config import Survey, drafted
from anvil_serving.substrate.gpus import Gpus

CARD = "0, GPU-11111111-2222-3333-4444-555555555555, NVIDIA GeForce RTX 5090, 32607, 2, 12.0, 580.95.05, 0, 33\n"
FILE = Path("anvil-serving.toml")


@pytest.fixture(autouse=True)
def _machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["init", *arguments])


@pytest.fixture
def nobody() -> int:
    """A port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def test_no_engine_writes_nothing_and_says_what_to_do(nobody: int) -> None:
    result = run("--ports", str(nobody))
    assert (result.exit_code, FILE.exists()) == (1, False)
    for step in ("anvil-serving quickstart", "--ports", "anvil-serving init --skeleton"):
        assert step in result.stdout
    found = json.loads(run("--json", "--ports", str(nobody)).stdout)
    assert (found["path"], found["tiers"]) == (None, [])
    assert found["survey"]["findings"][0]["state"] == "nothing"


def test_weights_that_no_engine_serves_are_named(nobody: int, tmp_path: Path) -> None:
    for name in ("models--Qwen--Qwen3-8B", "datasets--a--b", "models--openai--gpt-oss-20b", "models--\x1b[2J--x"):
        (tmp_path / ".cache" / "huggingface" / "hub" / name).mkdir(parents=True)
    result = run("--ports", str(nobody))
    assert "Qwen/Qwen3-8B" in result.stdout
    assert "datasets" not in result.stdout
    assert "\x1b" not in result.stdout


def test_two_engines_and_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    put_on_path(tmp_path / "bin", monkeypatch, "nvidia-smi", NVIDIA_SMI.format(cards=CARD, apps=""))
    page = FakeEngine({}, missing=(200, b"<html>"))
    with FakeEngine(sglang()) as heavy, FakeEngine(vllm()) as fast, page:
        ports = f"{heavy.port},{fast.port},{page.port}"
        result = run("--ports", ports)
        assert result.exit_code == 0, result.output
        config = load(FILE)
        found = json.loads(run("--ports", ports, "--json", "--out", "other.toml").stdout)
    assert config.warnings == ()
    assert [(tier.id, tier.context_limit) for tier in config.router.tiers] == [
        ("gpt-oss-20b", 131_072),
        ("qwen3.5-35b-a3b-awq", 262_144),
    ]
    assert config.router.presets["chat"] == ("gpt-oss-20b", "qwen3.5-35b-a3b-awq")
    assert [tier.timeouts.first_byte for tier in config.router.tiers] == [180, 180]
    assert "RTX 5090" in result.stdout
    assert "something else" in result.stdout
    assert found["planning"] == [{"tier": "qwen3.5-35b-a3b-awq", "verdict": "deny"}]
    assert Path("other.toml").read_bytes() == FILE.read_bytes()


def test_the_routers_port_is_none_that_is_taken() -> None:
    with FakeEngine(vllm()) as engine:
        run("--ports", str(engine.port))
    config = load(FILE)
    with socket.create_server(("127.0.0.1", config.server.port)), FakeEngine(vllm()) as engine:
        assert run("--ports", str(engine.port), "--force").exit_code == 0
    assert load(FILE).server.port != config.server.port


def test_a_router_that_runs_keeps_its_port() -> None:
    running = Finding(url="http://127.0.0.1:8000", state="router", seen="this router")
    with ExitStack() as stack:
        with suppress(OSError):  # somebody has it already
            stack.enter_context(socket.create_server(("127.0.0.1", 8000)))
        engine = stack.enter_context(FakeEngine(vllm()))
        assert run("--ports", str(engine.port)).exit_code == 0
        assert load(FILE).server.port != 8000
        found = (running, identify(engine.url))
        survey = Survey(findings=found, gpus=Gpus(gpus=()), weights=())
        assert drafted(survey, date="2026-11-29", mode="gated")[1].server.port == 8000


def test_a_window_too_small_is_told_and_can_be_said() -> None:
    with FakeEngine(ollama()) as engine:
        result = run("--ports", str(engine.port))
        assert "OLLAMA_CONTEXT_LENGTH" in result.stdout
        assert "4,096?" in result.stdout
        assert load(FILE).router.tiers[0].context_limit == 4_096
        # But never more than the model was made for.
        for told, limit in (("32768", 32_768), ("65536", 40_960)):
            assert run("--ports", str(engine.port), "--context", told, "--force").exit_code == 0
            assert load(FILE).router.tiers[0].context_limit == limit


def test_what_planning_comes_to_is_said() -> None:
    with FakeEngine(vllm()) as engine:
        result = run("--ports", str(engine.port))
        assert "`planning` is answered 503" in result.stdout
        assert "--mode direct" in result.stdout
        result = run("--ports", str(engine.port), "--mode", "direct", "--force")
    assert "503" not in result.stdout
    assert load(FILE).router.mode == "direct"


def test_a_file_in_the_way_stays_unless_forced_and_then_is_kept() -> None:
    FILE.write_text("mine")
    with FakeEngine(vllm()) as engine:
        error = run("--ports", str(engine.port)).exception
        assert isinstance(error, StartupError)
        assert "--force" in str(error.hint)
        assert FILE.read_text() == "mine"
        result = run("--ports", str(engine.port), "--force")
    assert "anvil-serving.toml.bak" in result.stdout
    assert Path("anvil-serving.toml.bak").read_text() == "mine"
    assert isinstance(run("--skeleton").exception, StartupError)


def test_a_skeleton_to_fill_in() -> None:
    result = run("--skeleton", "--out", "folder/a.toml")
    assert (result.exit_code, "doctor --config folder/a.toml" in result.stdout) == (0, True)
    assert load(Path("folder/a.toml")).warnings == ()
    assert json.loads(run("--skeleton", "--json").stdout)["path"] == "anvil-serving.toml"
    assert run("--skeleton", "--out", "a b.toml").stdout.endswith("doctor --config 'a b.toml'\n")


@pytest.mark.parametrize("ports", ["", "a", "0", "65536", "8080;9000", "-1", "\u0661", ",".join(["1"] * 101)])
def test_ports_that_are_none(ports: str) -> None:
    assert run("--ports", ports).exit_code == 2


def test_an_engine_that_asks_for_a_key_is_named_with_the_way_out() -> None:
    with FakeEngine({}, missing=(401, {"error": "Unauthorized"})) as engine:
        result = run("--ports", str(engine.port))
    assert result.exit_code == 1
    assert "asks for a key" in result.stdout
    assert "auth_env" in result.stdout


def test_engines_without_a_model() -> None:
    with FakeEngine(ollama(models={})) as engine:
        error = run("--ports", str(engine.port)).exception
    assert isinstance(error, StartupError)
    assert "ollama pull" in str(error.hint)
    assert not FILE.exists()


MANIFEST = """
[[serve]]
name = "heavy"
container = "sglang"
port = {heavy}
model = "another-model"
auth_env = "HEAVY_KEY"
[[serve]]
name = "planning"
container = "vllm"
port = {fast}
[[serve]]
name = "idle"
container = "idle"
port = {idle}
"""


def test_serves_of_a_manifest_give_their_tiers_names_and_keys(nobody: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def guarded(answer: Any) -> Any:
        return lambda headers, body: (
            (answer(headers, body) if callable(answer) else answer)
            if headers.get("Authorization") == "Bearer secret-1"
            else (401, {})
        )

    routes = {path: guarded(answer) for path, answer in sglang().items()}
    with FakeEngine(routes) as heavy, FakeEngine(vllm()) as fast:
        Path("serves.toml").write_text(MANIFEST.format(heavy=heavy.port, fast=fast.port, idle=nobody))
        assert "asks for a key" in run("--from-manifest", "serves.toml", "--out", "locked.toml").stdout
        monkeypatch.setenv("HEAVY_KEY", "secret-1")
        result = run("--from-manifest", "serves.toml")
    assert result.exit_code == 0, result.output
    config = load(FILE)
    assert config.warnings == ()
    assert [(tier.id, tier.auth_env) for tier in config.router.tiers] == [
        (f"planning-{fast.port}", None),
        ("heavy", "HEAVY_KEY"),
    ]
    assert "heavy serves Qwen3.5-35B-A3B-AWQ, and not another-model" in result.stdout
    assert "serve idle is left out (nothing listens there)" in result.stdout
    assert "secret-1" not in result.output + FILE.read_text()
    assert not any("authorization" in {name.lower() for name in headers} for _, headers, _ in fast.requests)


def test_a_manifest_that_is_wrong_or_not_there() -> None:
    assert isinstance(run("--from-manifest", "none.toml").exception, StartupError)
    Path("serves.toml").write_text("[[serve]]\nname = 1\n")
    assert isinstance(run("--from-manifest", "serves.toml").exception, ConfigError)
    Path("serves.toml").write_text("")
    assert run("--from-manifest", "serves.toml").exit_code == 1


def test_the_old_name() -> None:
    with FakeEngine(vllm()) as engine:
        assert CliRunner().invoke(app, ["onboard", "--ports", str(engine.port)]).exit_code == 0
    assert FILE.exists()
