"""What a new user with a running engine does: `init`, `doctor`, `serve`, and an answer; with the real llama.cpp."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("xllamacpp")

import openai
from tests.integration.process import wait_until
from tests.integration.router import RouterProcess, free_port, tier_config

from anvil_serving.config import load
from anvil_serving.substrate.embedded.engine import EmbeddedEngine
from anvil_serving.substrate.engine import look_at, loopback

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def engine() -> Iterator[EmbeddedEngine]:
    with EmbeddedEngine.start() as running:
        yield running


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")}
    command = [sys.executable, "-m", "anvil_serving", *arguments]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_init_doctor_serve_answer(engine: EmbeddedEngine, tmp_path: Path) -> None:
    port = engine.base_url.rpartition(":")[2]
    written = run(tmp_path, "init", "--ports", port)
    assert written.returncode == 0, written.stderr
    assert "`planning` is answered 503" in written.stdout
    config = load(tmp_path / "anvil-serving.toml")
    assert config.warnings == ()
    (tier,) = config.router.tiers
    assert (tier.model, tier.context_limit, tier.max_concurrency) == (engine.model, engine.context_limit, 2)
    assert tier.dialects == ("openai", "anthropic")

    diagnosis = json.loads(run(tmp_path, "doctor", "--json").stdout)
    checks = {check["name"]: check for check in diagnosis["checks"]}
    assert diagnosis["is_healthy"]
    assert checks[f"tier:{tier.id}"]["status"] == "ok"
    assert checks[f"tier:{tier.id}:context"]["status"] == "ok"

    # The small model takes no tools: it answers in words.
    probed = json.loads(run(tmp_path, "doctor", "--json", "--probe").stdout)
    tools = next(check for check in probed["checks"] if check["name"] == f"tier:{tier.id}:tools")
    assert tools["status"] == "warn"
    assert tools["remedy"]

    with serving(tmp_path) as url, openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client:
        answer = client.chat.completions.create(
            model="chat", messages=[{"role": "user", "content": "Say hello in one short sentence."}], max_tokens=40
        )
        assert answer.choices[0].message.content
        with pytest.raises(openai.InternalServerError, match="profile_path"):
            client.chat.completions.create(model="planning", messages=[{"role": "user", "content": "Plan a tool."}])
        # With the router at its port, the port is as it should be.
        checks = {check["name"]: check for check in json.loads(run(tmp_path, "doctor", "--json").stdout)["checks"]}
        assert checks["port"]["status"] == "ok"


class serving:  # noqa: N801 - reads as what it does
    """`anvil-serving serve` in a folder, at a free port, until the end of the `with`."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "serve.log"
        config = folder / "anvil-serving.toml"
        config.write_text(re.sub(r"(?m)^port = \d+$", f"port = {free_port()}", config.read_text()))
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "anvil_serving", "serve"],
                cwd=folder,
                env={**os.environ, "XDG_STATE_HOME": str(folder / "state")},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> str:
        serving_on = re.compile(r"serving on (http://\S+)")
        wait_until(
            lambda: self._process.poll() is not None or serving_on.search(self._log.read_text()) is not None, seconds=30
        )
        found = serving_on.search(self._log.read_text())
        assert found is not None, self._log.read_text()
        return found[1]

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)


def test_a_router_is_known_for_one_with_and_without_a_token() -> None:
    tier = tier_config("a", "http://127.0.0.1:9/v1")
    with RouterProcess([tier], {"chat": ["a"]}) as router:
        (found,) = look_at(loopback([router.port]))
    assert (found.state, found.seen) == ("router", "this router")
    guarded = {"auth_env": "ROUTER_TOKEN"}
    with RouterProcess([tier], {"chat": ["a"]}, server=guarded, environment={"ROUTER_TOKEN": "t"}) as router:
        (found,) = look_at(loopback([router.port]))
    assert (found.state, found.seen) == ("router", "this router, which asks for a token")


def test_direct_answers_planning_too(engine: EmbeddedEngine, tmp_path: Path) -> None:
    written = run(tmp_path, "init", "--mode", "direct", "--ports", engine.base_url.rpartition(":")[2])
    assert written.returncode == 0, written.stderr
    with serving(tmp_path) as url, openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client:
        question = {"role": "user", "content": "Say hello in one short sentence."}
        answer = client.chat.completions.create(model="planning", messages=[question], max_tokens=20)  # type: ignore[list-item]
        assert answer.choices[0].message.content
