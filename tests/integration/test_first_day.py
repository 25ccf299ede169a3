"""The path of a first day on a machine with a card: models, deploy, serves up, init, doctor, serve, and an answer.

The card, Docker and the engine are synthetic: what `serves up` starts is the double's, and the engine at its port is a
scripted server.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.docker.machine import install_double
from tests.fakes.engines import FakeEngine, sglang
from tests.fakes.models import qwen3_8b
from tests.fakes.programs import NVIDIA_SMI, put_on_path
from tests.integration.process import wait_until
from tests.integration.router import free_port

from anvil_serving.config import load

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.timeout(240)

CARD = "0, GPU-11111111-2222-3333-4444-555555555555, NVIDIA GeForce RTX 5090, 32607, 2, 12.0, 580.95.05, 0, 33\n"


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    programs = tmp_path / "bin"
    programs.mkdir()
    put_on_path(programs, monkeypatch, "nvidia-smi", NVIDIA_SMI.format(cards=CARD, apps=""))
    install_double(tmp_path)
    qwen3_8b(tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    paths = f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin"
    docker = {"DOCKER_DOUBLE": str(tmp_path / "state"), "DOCKER_DOUBLE_IDLE": "1"}
    return {**os.environ, **docker, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "PATH": paths}


def run(environ: Mapping[str, str], *arguments: str) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "anvil_serving", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, (arguments, result.stdout, result.stderr)
    return result.stdout


def answer(_headers: dict[str, str], _body: bytes) -> Any:
    message = {"role": "assistant", "content": "Hello from the card."}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}


def test_from_weights_to_an_answer(environ: Mapping[str, str]) -> None:
    run(environ, "models", "sync", "--out", "library", "--model-dirs", "models")
    assert "Qwen3-8B" in Path("library/INDEX.md").read_text()
    port = free_port()
    run(
        environ, "deploy", "--model", "models/Qwen3-8B", "--tier-id", "heavy", "--port", str(port), "--context", "32768"
    )

    routes = sglang("Qwen3-8B", max_model_len=32_768) | {"POST /v1/chat/completions": answer, "GET /health": b""}
    starting = subprocess.Popen([sys.executable, "-m", "anvil_serving", "serves", "up", "--quiet"], env=environ)
    # The port is looked at before the container is made, so nobody may have it until then.
    wait_until(lambda: Path("state/sglang-heavy.json").exists() or starting.poll() is not None, seconds=60)
    with FakeEngine(routes, port=port):
        assert starting.wait(60) == 0
        assert "running" in run(environ, "serves", "status")

        run(environ, "init", "--from-manifest", "serves.toml")
        config = Path("anvil-serving.toml")
        assert load(config).warnings == ()
        (tier,) = load(config).router.tiers
        assert (tier.id, tier.model, tier.context_limit) == ("heavy", "Qwen3-8B", 32_768)
        config.write_text(re.sub(r"(?m)^port = \d+$", f"port = {free_port()}", config.read_text()))

        checks = {check["name"]: check for check in json.loads(run(environ, "doctor", "--json"))["checks"]}
        for name in ("tier:heavy", "tier:heavy:context", "docker", "docker-compose", "gpus", "port"):
            assert checks[name]["status"] == "ok", checks[name]
        assert "RTX 5090" in run(environ, "gpus")

        assert serve_and_ask(environ) == "Hello from the card."
    assert "stopped; exited" in run(environ, "serves", "down")


def serve_and_ask(environ: Mapping[str, str]) -> str:
    """What `serve` answers to a question, over curl's own HTTP."""
    log = Path("serve.log")
    with log.open("wb") as sink:
        router = subprocess.Popen(
            [sys.executable, "-m", "anvil_serving", "serve"], env=environ, stdout=sink, stderr=subprocess.STDOUT
        )
    try:
        serving = re.compile(r"serving on (http://\S+)")
        wait_until(lambda: router.poll() is not None or serving.search(log.read_text()) is not None, seconds=30)
        found = serving.search(log.read_text())
        assert found is not None, log.read_text()
        body = json.dumps({"model": "chat", "messages": [{"role": "user", "content": "Hello?"}]})
        said = subprocess.run(
            ["curl", "-s", f"{found[1]}/v1/chat/completions", "-H", "content-type: application/json", "-d", body],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        content: str = json.loads(said.stdout)["choices"][0]["message"]["content"]
        return content
    finally:
        router.terminate()
        router.wait(30)
