"""Each check is broken, seen to fail, mended as its remedy says, and seen to pass."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from tests.fakes.engines import FakeEngine, vllm
from tests.fakes.patient import MODEL, Patient, diagnosed, empty_home
from tests.fakes.programs import NVIDIA_SMI, put_on_path
from typer.testing import CliRunner

import anvil_serving
from anvil_serving.cli.app import app
from anvil_serving.substrate.doctor.machine_checks import python_check, weights_check

CARD = "0, GPU-11111111-2222-3333-4444-555555555555, NVIDIA GeForce RTX 5090, 32607, 2, 12.0, 580.95.05, 0, 33\n"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty_home(tmp_path, monkeypatch)


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
    assert (check["status"], check["remedy"]) == ("fail", "set HOME or XDG_STATE_HOME")
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


def test_text_for_a_person() -> None:
    result = CliRunner().invoke(app, ["doctor", "--config", "none.toml"])
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert any(line.startswith("fail  config") for line in lines)
    assert lines[-1] == "1 of 5 checks failed."
    assert CliRunner().invoke(app, ["doctor", "--no-config"]).stdout.endswith("Nothing stands in the way.\n")
