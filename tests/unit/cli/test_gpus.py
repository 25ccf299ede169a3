from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.programs import NVIDIA_SMI, put_on_path
from typer.testing import CliRunner

from anvil_serving.cli.app import app
from anvil_serving.errors import ConfigError
from anvil_serving.substrate.command import CommandTimedOut

# As `nvidia-smi --query-gpu=... --format=csv,noheader,nounits` prints them (its manual, "SELECTIVE QUERY OPTIONS").
CARDS = """\
0, GPU-11111111-2222-3333-4444-555555555555, NVIDIA RTX PRO 6000 Blackwell, 97887, 1024, 12.0, 580.95.05, 7, 41
1, GPU-66666666-7777-8888-9999-000000000000, NVIDIA Thor, 125772, [N/A], [N/A], [N/A], [Not Supported], [N/A]
"""
TIER = """
[[router.tiers]]
id = "heavy"
base_url = "http://127.0.0.1:{port}/v1"
context_limit = 1
privacy = "local"
[router.presets]
chat = ["heavy"]
"""
FIRST = "GPU-11111111-2222-3333-4444-555555555555"


@pytest.fixture(autouse=True)
def _machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("PATH", f"/usr/bin{os.pathsep}/bin")


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["gpus", *arguments])


def test_no_card_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run()
    assert result.exit_code == 0
    assert "nvidia-smi is not installed" in result.stdout
    assert "Only NVIDIA's" in result.stdout
    found = json.loads(run("--json").stdout)
    assert (found["gpus"], found["owners"]) == ([], [])
    assert found["absent_because"]


def test_cards_programs_and_the_tier_that_one_answers_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # This very process listens where a tier is, as an engine on the card would; process 1 does not.
    apps = f"{FIRST}, {os.getpid()}, /opt/sglang/python3\x1b[2J, 900\n{FIRST}, 1, init, [N/A]\n"
    put_on_path(tmp_path, monkeypatch, "nvidia-smi", NVIDIA_SMI.format(cards=CARDS, apps=apps))
    with socket.create_server(("127.0.0.1", 0)) as engine:
        port = engine.getsockname()[1]
        Path("anvil-serving.toml").write_text(TIER.format(port=port))
        result = run()
        found = json.loads(run("--json", "--config", "anvil-serving.toml").stdout)
    assert result.exit_code == 0
    assert found["owners"] == [{"pid": os.getpid(), "tier": "heavy"}]
    assert [gpu["uuid"] for gpu in found["gpus"]] == [FIRST, "GPU-66666666-7777-8888-9999-000000000000"]
    assert f"{os.getpid()} /opt/sglang/python3\\x1b[2J: 0.9 GiB, tier heavy" in result.stdout
    assert "  1 init: memory not known\n" in result.stdout
    assert "no program is known to use it" in result.stdout
    first, second = result.stdout.splitlines()[1:3]
    assert first.split("  ")[0] == "0"
    assert "95.6 GiB" in first
    assert "41 °C" in first
    assert second.rstrip().endswith("-")
    # Nothing listens there any more.
    assert json.loads(run("--json").stdout)["owners"] == []


def test_a_program_belongs_to_what_its_parent_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As vLLM's engine, a child of the process that listens.
    with (
        subprocess.Popen(["/bin/sleep", "60"]) as child,
        socket.create_server(("127.0.0.1", 0)) as engine,
    ):
        try:
            apps = f"{FIRST}, {child.pid}, VLLM::EngineCore, 900\n"
            put_on_path(tmp_path, monkeypatch, "nvidia-smi", NVIDIA_SMI.format(cards=CARDS, apps=apps))
            address = engine.getsockname()
            Path("anvil-serving.toml").write_text(TIER.format(port=address[1]))
            assert json.loads(run("--json").stdout)["owners"] == [{"pid": child.pid, "tier": "heavy"}]
            # A connection from that port is no service at it.
            with socket.create_connection(address) as _, engine.accept()[0]:
                engine.close()
                assert json.loads(run("--json").stdout)["owners"] == []
        finally:
            child.kill()


def test_a_configuration_that_is_wrong_is_no_hindrance_unless_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(tmp_path, monkeypatch, "nvidia-smi", NVIDIA_SMI.format(cards=CARDS, apps=""))
    Path("anvil-serving.toml").write_text("nonsense")
    result = run()
    assert (result.exit_code, "NVIDIA Thor" in result.stdout) == (0, True)
    assert "config check" in result.stderr
    assert run("--quiet").stderr == ""
    assert isinstance(run("--config", "anvil-serving.toml").exception, ConfigError)


def test_a_driver_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anvil_serving.substrate.gpus.QUERY_SECONDS", 0.3)
    put_on_path(tmp_path, monkeypatch, "nvidia-smi", "#!/bin/sh\nexec sleep 60\n")
    assert isinstance(run().exception, CommandTimedOut)
