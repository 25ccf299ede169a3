"""The checks of tiers: each is broken, seen to fail, mended as its remedy says, and seen to pass."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.engines import FakeEngine, ollama, sglang, tool_call, vllm
from tests.fakes.patient import MODEL, Patient, diagnosed, empty_home

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty_home(tmp_path, monkeypatch)


def test_an_engine_that_does_not_run_or_is_not_ready() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    patient = Patient(base_url=f"http://127.0.0.1:{port}/v1", model=MODEL)
    check = patient.look()["tier:a"]
    assert (check["status"], check["seen"]) == ("fail", f"http://127.0.0.1:{port}: nothing listens there")
    with FakeEngine({}, port=port, missing=(503, {"error": {"message": "Loading model"}})) as engine:
        assert patient.status("tier:a") == "warn"
        engine.routes = vllm()
        engine.missing = (404, {})
        assert patient.status("tier:a") == "ok"
        engine.routes = {}
        assert patient.status("tier:a") == "fail"


def test_an_engine_that_asks_for_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def guarded(answer: Any) -> Any:
        return lambda headers, _body: answer if headers.get("Authorization") == "Bearer secret-1" else (401, {})

    routes = {path: answer if path == "GET /version" else guarded(answer) for path, answer in vllm().items()}
    with FakeEngine(routes) as engine:
        patient = Patient(base_url=engine.url, model=MODEL)
        assert "asks for a key" in patient.look()["tier:a"]["seen"]
        patient.tier["auth_env"] = "ENGINE_KEY"
        monkeypatch.setenv("ENGINE_KEY", "wrong")
        assert "put the engine's key into ENGINE_KEY" in patient.look()["tier:a"]["remedy"]
        monkeypatch.setenv("ENGINE_KEY", "secret-1")
        # Also where another key is missing.
        patient.server["auth_env"] = "UNSET_TOKEN"
        checks = patient.look()
    assert (checks["tier:a"]["status"], checks["keys"]["status"]) == ("ok", "fail")
    assert "secret-1" not in str(checks)


def test_another_model_than_the_tier_says() -> None:
    with FakeEngine(vllm()) as engine:
        patient = Patient(base_url=engine.url, model="qwen3-8b")
        check = patient.look()["tier:a"]
        assert check["status"] == "fail"
        assert check["remedy"].startswith(f'set model = "{MODEL}"')
        patient.tier["model"] = MODEL
        assert patient.status("tier:a") == "ok"
        del patient.tier["model"]
        check = patient.look()["tier:a"]
        assert "lists 2 models, and the tier names none" in check["seen"]
    with FakeEngine(sglang()) as engine:
        patient.tier["base_url"] = engine.url
        assert patient.status("tier:a") == "ok"


def test_each_replica_is_looked_at() -> None:
    with FakeEngine(vllm()) as first, FakeEngine(vllm(max_model_len=1_000)) as second:
        patient = Patient(base_url=first.url, replicas=[second.url], model=MODEL)
        checks = patient.look()
    assert (checks["tier:a[0]:context"]["status"], checks["tier:a[1]:context"]["status"]) == ("ok", "fail")


def test_a_server_of_no_known_engine_is_enough() -> None:
    with FakeEngine({"GET /v1/models": {"data": [{"id": "m", "owned_by": "llama-swap"}]}}) as engine:
        checks = Patient(base_url=engine.url).look()
    assert (checks["tier:a"]["status"], checks["tier:a:context"]["status"]) == ("ok", "skip")


def test_a_larger_window_than_the_engine_gives() -> None:
    with FakeEngine(vllm(max_model_len=32_768)) as engine:
        patient = Patient(base_url=engine.url, model=MODEL)
        check = patient.look()["tier:a:context"]
        assert check["status"] == "fail"
        assert check["remedy"].startswith("set context_limit = 32768, or restart it with a larger --max-model-len")
        patient.tier["context_limit"] = 32_768
        assert patient.status("tier:a:context") == "ok"
        patient.tier["context_limit"] = 100_000
        engine.routes = vllm(max_model_len=131_072)
        assert patient.status("tier:a:context") == "ok"


def test_a_window_that_is_known_once_the_model_is_loaded() -> None:
    with FakeEngine(ollama()) as engine:
        patient = Patient(base_url=engine.url, model="qwen3:8b")
        check = patient.look()["tier:a:context"]
        assert check["status"] == "warn"
        assert "OLLAMA_CONTEXT_LENGTH=65536" in check["remedy"]
        engine.routes = ollama(loaded={"qwen3:8b": 65_536})
        patient.tier["context_limit"] = 65_536
        assert patient.status("tier:a:context") == "ok"
        # Ollama adds the tag by itself.
        engine.routes = ollama(models={"mine:latest": {}}, loaded={"mine:latest": 131_072})
        patient.tier["model"] = "mine"
        assert patient.status("tier:a") == "ok"


def test_a_model_that_runs_elsewhere_is_no_local_one() -> None:
    with FakeEngine(ollama(loaded={"qwen3:8b": 40_960})) as engine:
        patient = Patient(base_url=engine.url, model="gpt-oss:120b-cloud", context_limit=4_096)
        engine.routes |= {"POST /v1/chat/completions": tool_call("get_weather", "{}")}
        assert patient.look("--probe")["tier:a:privacy"]["status"] == "fail"
        assert not any("completions" in what for what, _, _ in engine.requests)
        patient.tier["model"] = "qwen3:8b"
        assert "tier:a:privacy" not in patient.look()
        patient.tier |= {"model": "gpt-oss:120b-cloud", "privacy": "cloud"}
        patient.more["router"] = {"metered_cloud": ["chat"]}
        assert patient.look()["tier:a"]["status"] == "skip"


def test_an_engine_that_takes_no_tools() -> None:
    with FakeEngine(sglang(tool_call_parser=None)) as engine:
        patient = Patient(base_url=engine.url)
        check = patient.look()["tier:a:tools"]
        assert (check["status"], check["remedy"]) == (
            "fail",
            "start it with --tool-call-parser, or set tool_support = false",
        )
        patient.tier["tool_support"] = False
        assert patient.status("tier:a:tools") == "skip"
        patient.tier["tool_support"] = True
        engine.routes = sglang() | {"POST /v1/chat/completions": tool_call("get_weather", '{"city": "Paris"}')}
        assert patient.status("tier:a:tools") == "skip"
        assert patient.status("tier:a:tools", "--probe") == "ok"


def said(message: dict[str, Any]) -> Any:
    return {"choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}]}


PROBES = {
    "refused": ((400, {"message": '"auto" tool choice requires --enable-auto-tool-choice'}), "fail", "auto-tool"),
    "as text": (said({"content": '<tool_call>{"name": "get_weather"}</tool_call>'}), "fail", "as text"),
    "in words": (said({"content": "It rains.\x1b[2J"}), "warn", "in words"),
    "another tool": (tool_call("rm\x1b", "{}"), "fail", "not offered"),
    "broken arguments": (tool_call("get_weather", '{"city": '), "fail", "no JSON"),
    "no answer of the dialect": ({"choices": []}, "fail", "no answer of Chat Completions"),
}


@pytest.mark.parametrize(("answer", "status", "seen"), PROBES.values(), ids=PROBES)
def test_a_tool_call_that_fails(answer: Any, status: str, seen: str) -> None:
    with FakeEngine(vllm() | {"POST /v1/chat/completions": answer}) as engine:
        patient = Patient(base_url=engine.url, model=MODEL, extra_body={"top_k": 3})
        check = patient.look("--probe")["tier:a:tools"]
        assert (check["status"], seen in check["seen"]) == (status, True), check
        assert check["seen"].isprintable()
        asked = json.loads(next(body for what, _, body in engine.requests if what == "POST /v1/chat/completions"))
        assert (asked["model"], asked["top_k"], asked["stream"]) == (MODEL, 3, False)
        patient.tier["tool_support"] = False
        assert patient.status("tier:a:tools", "--probe") == "skip"


def test_no_tier_that_may_bill_is_asked_for_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "sk-cloud")
    guarded = lambda headers, _: {"data": []} if headers.get("Authorization") == "Bearer sk-cloud" else (401, {})  # noqa: E731
    with FakeEngine({"GET /v1/models": guarded}) as cloud, FakeEngine(vllm()) as priced:
        patient = Patient(base_url=cloud.url, privacy="cloud", auth_env="A_KEY")
        patient.more["router"] = {"metered_cloud": ["chat"]}
        assert patient.look()["tier:a"]["status"] == "skip"
        assert cloud.requests == []
        assert diagnosed("--probe")["tier:a"]["status"] == "ok"
        monkeypatch.setenv("A_KEY", "sk-revoked")
        check = diagnosed("--probe")["tier:a"]
        assert (check["status"], check["remedy"]) == ("fail", "put a valid key into A_KEY")
        monkeypatch.setenv("A_KEY", "sk-cloud")
        assert diagnosed("--probe")["tier:a"]["status"] == "ok"
        paid = Patient(base_url=priced.url, model=MODEL, cost_output_per_mtok=0.1)
        assert paid.status("tier:a:tools", "--probe") == "skip"
        # A server of no known engine that may be anywhere: 127.1 is this machine, which nobody looks up.
        priced.routes = {"GET /v1/models": {"data": [{"id": MODEL, "owned_by": "gateway"}]}}
        far = Patient(base_url=f"http://127.1:{priced.port}")
        assert far.status("tier:a:tools", "--probe") == "skip"
        assert not [what for what, _, _ in (*cloud.requests, *priced.requests) if "completions" in what]


def test_ctrl_c_does_not_wait_for_an_engine_that_never_answers(tmp_path: Path) -> None:
    asked = threading.Event()

    def stall(_headers: dict[str, str], _body: bytes) -> Any:
        asked.set()
        time.sleep(30)

    with FakeEngine(vllm() | {"POST /v1/chat/completions": stall}) as engine:
        Patient(base_url=engine.url, model=MODEL).look()
        command = [sys.executable, "-m", "anvil_serving", "doctor", "--probe"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert asked.wait(30)
            started = time.monotonic()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
    assert time.monotonic() - started < 15
    assert process.returncode != 0
    assert b"Traceback" not in out + err
