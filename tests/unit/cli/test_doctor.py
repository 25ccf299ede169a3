"""Each check is broken, seen to fail, mended as its remedy says, and seen to pass."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from tests.fakes.engines import FakeEngine, ollama, sglang, tool_call, vllm
from tests.fakes.programs import NVIDIA_SMI, put_on_path
from typer.testing import CliRunner

import anvil_serving
from anvil_serving.cli.app import app
from anvil_serving.substrate.machine_checks import python_check, weights_check

MODEL = "openai/gpt-oss-20b"
CARD = "0, GPU-11111111-2222-3333-4444-555555555555, NVIDIA GeForce RTX 5090, 32607, 2, 12.0, 580.95.05, 0, 33\n"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty home, and no program of this machine that a check asks for."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)


def diagnosed(*arguments: str) -> dict[str, dict[str, Any]]:
    """The checks by name; every one that is not well has a remedy, and the exit status says whether one fails."""
    result = CliRunner().invoke(app, ["doctor", "--json", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    diagnosis = json.loads(result.stdout)
    checks = {check["name"]: check for check in diagnosis["checks"]}
    assert len(checks) == len(diagnosis["checks"])
    fails = any(check["status"] == "fail" for check in checks.values())
    assert (result.exit_code, diagnosis["is_healthy"]) == (int(fails), not fails)
    for check in checks.values():
        assert (check["remedy"] is not None) == (check["status"] in {"warn", "fail"}), check
    return checks


class Patient:
    """A configuration with one tier, that can be changed."""

    def __init__(self, **tier: Any) -> None:
        self.tier: dict[str, Any] = {"id": "a", "context_limit": 100_000, "privacy": "local", **tier}
        self.server: dict[str, Any] = {"port": 0}
        self.more: dict[str, Any] = {}

    def look(self, *arguments: str) -> dict[str, dict[str, Any]]:
        document = {
            "server": self.server,
            "router": {"tiers": [self.tier], "presets": {"chat": ["a"]}, **self.more.pop("router", {})},
            **self.more,
        }
        Path("anvil-serving.toml").write_text(tomli_w.dumps(document))
        return diagnosed(*arguments)

    def status(self, name: str, *arguments: str) -> str:
        return str(self.look(*arguments)[name]["status"])


def test_an_empty_folder_is_no_failure_and_init_is_the_remedy() -> None:
    checks = diagnosed()
    assert (checks["config"]["status"], checks["gpus"]["status"]) == ("warn", "skip")
    assert "anvil-serving init" in checks["config"]["remedy"]
    with FakeEngine(vllm()) as fake:
        assert CliRunner().invoke(app, ["init", "--ports", str(fake.port)]).exit_code == 0
        assert diagnosed()["config"]["status"] == "ok"


def test_the_file_that_0_7_1_read_is_found_and_options_of_it_work() -> None:
    with FakeEngine(vllm()) as fake:
        Path("router.toml").write_text(
            tomli_w.dumps(
                {"router": {"tiers": [{**Patient(base_url=fake.url).tier, "model": MODEL}], "presets": {"chat": ["a"]}}}
            )
        )
        assert diagnosed()["tier:a"]["status"] == "ok"
        assert "tier:a" not in diagnosed("--no-config")
    assert diagnosed("--config", "none.toml")["config"]["status"] == "fail"


def test_a_file_that_is_wrong() -> None:
    patient = Patient(base_url="http://127.0.0.1:9", id="a")
    patient.server = {"prot": 1, "hots": 2, "prt": 3, "x": 4}
    check = patient.look()["config"]
    assert check["status"] == "fail"
    assert "server.prot: unknown key" in check["seen"]
    assert "and 1 more" in check["seen"]
    patient.server = {"port": 0}
    patient.tier["base_url"] = "http://localhost:9"
    assert patient.status("config") == "warn"
    patient.tier["base_url"] = "http://127.0.0.1:9"
    assert patient.status("config") == "ok"
    # What `serve` would refuse besides.
    patient.server["host"] = "0.0.0.0"
    checks = patient.look()
    assert checks["config"]["status"] == "fail"
    assert "tier:a" in checks
    patient.server["host"] = "127.0.0.1"
    patient.more["router"] = {"profile_path": "none.json"}
    assert patient.status("config") == "fail"


def test_a_variable_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    patient = Patient(base_url="https://api.example.com", privacy="cloud", auth_env="A_KEY")
    patient.more["router"] = {"metered_cloud": ["chat"]}
    checks = patient.look()
    assert checks["keys"]["status"] == "fail"
    assert "A_KEY is not set" in checks["keys"]["seen"]
    assert checks["tier:a"]["status"] == "skip"
    monkeypatch.setenv("A_KEY", "sk-very-secret")
    checks = diagnosed()
    assert checks["keys"] == {"name": "keys", "status": "ok", "seen": "set: A_KEY", "remedy": None}
    patient = Patient(base_url="http://127.0.0.1:9", auth_env="ANOTHER_KEY")
    assert patient.status("keys") == "warn"
    monkeypatch.setenv("ANOTHER_KEY", "x")
    assert patient.status("keys") == "ok"


def test_a_port_that_is_taken() -> None:
    patient = Patient(base_url="http://127.0.0.1:9")
    with FakeEngine({}) as other:
        patient.server["port"] = other.port
        check = patient.look()["port"]
        assert check["status"] == "fail"
        assert "already in use" in check["seen"]
        patient.server["port"] = 0
        assert patient.status("port") == "ok"
    patient.server["port"] = other.port
    assert patient.status("port") == "ok"
    with FakeEngine({"GET /v1/models": {"data": [{"id": "chat", "owned_by": "anvil-serving"}]}}) as router:
        patient.server["port"] = router.port
        check = patient.look()["port"]
        assert (check["status"], check["seen"]) == (
            "ok",
            f"this router listens at 127.0.0.1:{router.port} already",
        )
        # A tier that is this router.
        patient.tier["base_url"] = router.url
        assert "circles" in patient.look()["tier:a"]["remedy"]


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
        assert not [what for what, _, _ in (*cloud.requests, *priced.requests) if "completions" in what]


def test_a_log_that_cannot_be_written_or_has_no_room(tmp_path: Path) -> None:
    patient = Patient(base_url="http://127.0.0.1:9")
    (tmp_path / "file").write_text("")
    patient.more = {"decisions": {"path": str(tmp_path / "file" / "log.sqlite3")}}
    assert patient.status("decisions") == "fail"
    patient.more["decisions"]["path"] = str(tmp_path / "folder" / "log.sqlite3")
    assert patient.status("decisions") == "ok"
    assert not (tmp_path / "folder").exists()
    patient.more["decisions"]["keep_mib"] = 1_048_576
    if shutil.disk_usage(tmp_path).free < 1 << 40:
        assert patient.status("decisions") == "warn"
    patient.more["decisions"]["keep_mib"] = 1
    assert patient.status("decisions") == "ok"
    patient.more["decisions"]["enabled"] = False
    assert "decisions" not in patient.look()


def test_a_user_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert diagnosed()["config"]["status"] == "warn"
    patient = Patient(base_url="http://127.0.0.1:9")
    check = patient.look()["decisions"]
    assert (check["status"], check["remedy"]) == ("fail", "set [decisions] path to an absolute path")
    patient.more = {"decisions": {"path": str(tmp_path / "log.sqlite3")}}
    assert patient.status("decisions") == "ok"
    assert CliRunner().invoke(app, ["gpus"]).exit_code == 0


DOCKER = """#!/bin/sh
case "$*" in
"version --format {{{{.Server.Version}}}}") {engine} ;;
"compose version --short") {compose} ;;
*) exit 64 ;;
esac
"""
DOWN = "echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is it running?' >&2; exit 1"
NO_COMPOSE = "echo \"docker: 'compose' is not a docker command.\" >&2; exit 1"


def test_docker_is_looked_at_only_where_serves_need_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patient = Patient(base_url="http://127.0.0.1:9")
    assert "docker" not in patient.look()
    patient.more = {"serve": [{"name": "a", "container": "a", "port": 30000}]}
    assert "not installed" in patient.look()["docker"]["seen"]
    put_on_path(tmp_path / "bin", monkeypatch, "docker", DOCKER.format(engine=DOWN, compose="echo 2.40.3"))
    assert "Cannot connect" in patient.look()["docker"]["seen"]
    put_on_path(tmp_path / "bin", monkeypatch, "docker", DOCKER.format(engine="echo 28.5.1", compose=NO_COMPOSE))
    checks = patient.look()
    assert (checks["docker"]["seen"], checks["docker-compose"]["status"]) == ("version 28.5.1", "fail")
    put_on_path(tmp_path / "bin", monkeypatch, "docker", DOCKER.format(engine="echo 28.5.1", compose="echo 2.40.3"))
    assert patient.look()["docker-compose"]["seen"] == "version 2.40.3"
    patient.more = {}
    assert "docker" not in patient.look()
    # A manifest beside the configuration.
    Path("serves.toml").write_text('[[serve]]\nname = "a"\ncontainer = "a"\nport = 0\n')
    check = patient.look()["serves"]
    assert (check["status"], "serves.toml, line 4: serve[0].port: " in check["seen"]) == ("fail", True)
    Path("serves.toml").write_text('[[serve]]\nname = "a"\ncontainer = "a"\nport = 30000\n')
    checks = patient.look()
    assert "serves" not in checks
    assert checks["docker"]["status"] == "ok"


def test_a_driver_that_does_not_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = "#!/bin/sh\necho 'Failed to initialize NVML: Driver/library version mismatch'\nexit 18\n"
    put_on_path(tmp_path / "bin", monkeypatch, "nvidia-smi", failing)
    check = diagnosed()["gpus"]
    assert (check["status"], "version mismatch" in check["seen"]) == ("warn", True)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    put_on_path(tmp_path / "bin", monkeypatch, "nvidia-smi", NVIDIA_SMI.format(cards=CARD, apps=""))
    assert diagnosed()["gpus"]["seen"] == "0: NVIDIA GeForce RTX 5090, 34 GB free"


def test_an_extension_that_is_not_there(tmp_path: Path) -> None:
    package = Path(anvil_serving.__file__).parent
    site = tmp_path / "site"
    shutil.copytree(package, site / "anvil_serving", ignore=shutil.ignore_patterns("_core*.so", "__pycache__"))

    def look() -> dict[str, Any]:
        result = subprocess.run(
            [sys.executable, "-m", "anvil_serving", "doctor", "--no-config", "--json"],
            env={**os.environ, "PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        check: dict[str, Any] = next(
            each for each in json.loads(result.stdout)["checks"] if each["name"] == "extension"
        )
        assert result.returncode == int(check["status"] == "fail")
        return check

    assert "cannot be loaded" in look()["seen"]
    (site / "anvil_serving" / "_core.abi3.so").write_bytes(b"not an extension")
    assert "--force-reinstall" in look()["remedy"]
    # What installing anew does.
    for library in package.glob("_core*.so"):
        shutil.copy(library, site / "anvil_serving" / "_core.abi3.so")
    assert look()["status"] in {"ok", "warn"}


def test_pythons_and_disks(tmp_path: Path) -> None:
    assert python_check((3, 10, 14)).status == "fail"
    assert python_check((3, 11, 0)).status == "ok"
    assert weights_check(tmp_path / "none").status == "skip"
    assert weights_check(tmp_path, needed_bytes=1 << 60).status == "warn"
    assert weights_check(tmp_path, needed_bytes=1).status == "ok"


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


def test_text_for_a_person() -> None:
    result = CliRunner().invoke(app, ["doctor", "--config", "none.toml"])
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert any(line.startswith("fail  config") for line in lines)
    assert lines[-1] == "1 of 5 checks failed."
    assert CliRunner().invoke(app, ["doctor", "--no-config"]).stdout.endswith("Nothing stands in the way.\n")
