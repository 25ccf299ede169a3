"""`anvil-serving deploy` as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.fakes.models import qwen3_8b, write_gguf
from tests.fakes.programs import NVIDIA_SMI, put_on_path
from typer.testing import CliRunner, Result

from anvil_serving.cli.app import app
from anvil_serving.config import loads
from anvil_serving.errors import AnvilError, StartupError
from anvil_serving.substrate.manifest import load_manifest

CARDS = """\
0, GPU-11111111-2222-3333-4444-555555555555, NVIDIA RTX PRO 6000 Blackwell, 97887, 1024, 12.0, 580.95.05, 7, 41
1, GPU-66666666-7777-8888-9999-000000000000, NVIDIA GeForce RTX 5090, 32607, 2, 12.0, 580.95.05, 0, 33
"""
DOCKER_WITHOUT_COMPOSE = "#!/bin/sh\necho 'docker: unknown command: docker compose' >&2\nexit 1\n"


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, an empty home, and no programs."""
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", str(home / "bin"))
    for name in ("HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "my serves"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return home


@pytest.fixture
def cards(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(machine / "bin", monkeypatch, "nvidia-smi", NVIDIA_SMI.format(cards=CARDS, apps=""))
    put_on_path(machine / "bin", monkeypatch, "docker", DOCKER_WITHOUT_COMPOSE)
    monkeypatch.setenv("PATH", f"{machine / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")


@pytest.fixture
def qwen(machine: Path) -> Path:
    return qwen3_8b(machine / "models")


def here() -> list[str]:
    return [path.name for path in Path.cwd().iterdir()]


def deploy(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(app, ["deploy", *map(str, arguments)])
    assert result.exception is None, repr(result.exception)
    return result


def refused(*arguments: str | Path) -> AnvilError:
    error = CliRunner().invoke(app, ["deploy", *map(str, arguments)]).exception
    assert isinstance(error, StartupError), repr(error)
    assert error.hint
    return error


def report(*arguments: str | Path) -> dict[str, Any]:
    found = json.loads(deploy(*arguments, "--json").stdout)
    assert isinstance(found, dict)
    return found


def test_help_has_an_example_that_works_on_a_fresh_machine(machine: Path, tmp_path: Path) -> None:
    help_ = deploy("--help").stdout
    line = "anvil-serving deploy --model Qwen/Qwen3-8B --gpu-like L4 --dry-run"
    assert f"Example: {line}" in help_
    arguments = ["deploy", "--model", "Qwen/Qwen3-8B", "--gpu-like", "L4", "--dry-run"]
    ran = subprocess.run(
        [sys.executable, "-m", "anvil_serving", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert "lmsysorg/sglang:v0.5.20@sha256:" in ran.stdout
    assert "the weights are not on this machine" in ran.stderr
    assert "docker is not installed" in ran.stderr
    assert here() == [], "a dry run writes nothing"
    assert machine.is_relative_to(tmp_path)


@pytest.mark.usefixtures("cards")
def test_the_files_of_a_service_fit_together(qwen: Path) -> None:
    result = deploy("--model", qwen, "--tier-id", "fast", "--gpu", "1", "--engine", "vllm")
    assert "wrote compose.fast.yaml" in result.stdout
    assert "added to serves.toml; start it: anvil-serving serves up fast" in result.stdout
    (serve,) = load_manifest(Path("serves.toml")).serves
    assert (serve.name, serve.port, serve.model, serve.compose) == ("fast", 30000, "Qwen3-8B", "compose.fast.yaml")
    document = yaml.safe_load(Path("compose.fast.yaml").read_text())
    service = document["services"][serve.service or serve.name]
    assert service["container_name"] == serve.container
    assert service["image"] == serve.image
    assert service["environment"]["CUDA_VISIBLE_DEVICES"] == "GPU-66666666-7777-8888-9999-000000000000"
    assert service["volumes"][0]["source"] == str(qwen)
    start = result.stdout.index("[[router.tiers]]")
    (tier,) = loads(result.stdout[start:], name="printed").router.tiers
    assert (tier.id, tier.base_url, tier.model) == ("fast", "http://127.0.0.1:30000/v1", "Qwen3-8B")
    assert tier.context_limit == 40_960


@pytest.mark.usefixtures("cards")
def test_a_second_service_gets_its_own_port_and_files(qwen: Path) -> None:
    deploy("--model", qwen, "--tier-id", "fast", "--gpu", "1")
    found = report("--model", qwen, "--tier-id", "heavy", "--gpu", "0")
    assert (found["port"], found["compose_path"]) == (30001, "compose.heavy.yaml")
    assert [serve.name for serve in load_manifest(Path("serves.toml")).serves] == ["fast", "heavy"]


@pytest.mark.usefixtures("cards")
def test_nothing_is_lost_without_force(qwen: Path) -> None:
    deploy("--model", qwen, "--tier-id", "fast")
    before = Path("compose.fast.yaml").read_text()
    again = ("--model", qwen, "--tier-id", "fast", "--context", "16384")
    assert "exists already" in str(refused(*again))
    assert Path("compose.fast.yaml").read_text() == before
    # The same once more is no reason to complain.
    deploy("--model", qwen, "--tier-id", "fast")
    found = report(*again, "--force")
    assert Path("compose.fast.yaml.bak").read_text() == before
    assert "compose.fast.yaml.bak" in found["backup_paths"]
    assert len(load_manifest(Path("serves.toml")).serves) == 1


@pytest.mark.usefixtures("cards")
def test_json_has_everything(qwen: Path) -> None:
    found = report("--model", qwen, "--engine", "sglang", "--dry-run")
    assert (found["engine"], found["family"], found["dry_run"], found["checked_by_docker"]) == (
        "sglang",
        "qwen3",
        True,
        False,
    )
    assert 16_400_000_000 <= found["memory"]["weights_bytes"] < 16_400_001_000
    # 40,960 tokens x 36 layers x 8 heads x 256 numbers x 2 bytes
    assert found["memory"]["needed_cache_bytes"] == 40_960 * 36 * 8 * 256 * 2
    assert yaml.safe_load(found["compose"])["name"] == "anvil-qwen3-8b"
    assert found["manifest_entry"].startswith("[[serve]]")
    assert here() == []


@pytest.mark.usefixtures("cards")
def test_what_does_not_fit_is_refused_and_nothing_is_written(qwen: Path) -> None:
    error = refused("--model", qwen, "--gpu-like", "RTX 4080")
    assert "does not fit into the 16 GiB of RTX 4080" in str(error)
    assert "weights in 4 bits (AWQ, GPTQ, NVFP4, Q4_K_M), about 4.6 GiB" in str(error.hint)
    assert here() == []


def test_a_machine_without_a_gpu_says_what_to_do(qwen: Path) -> None:
    error = refused("--model", qwen)
    assert "there is no GPU on this machine: nvidia-smi is not installed" in str(error)
    assert "--gpu-like" in str(error.hint)


def test_gguf_is_served_by_the_cpu_where_there_is_no_gpu(machine: Path) -> None:
    write_gguf(machine / "m.gguf")
    result = deploy("--model", machine / "m.gguf", "--dry-run")
    assert "writing for the CPU" in result.stderr
    assert "server-b11206" in result.stdout
    assert "--cpu is for a machine without a GPU" in str(refused("--model", "x/y", "--cpu", "--gpu", "0"))


@pytest.mark.usefixtures("cards")
def test_the_options_of_0_7_1(qwen: Path, tmp_path: Path) -> None:
    facts = tmp_path / "card.json"
    facts.write_text('{"thinking_default": true}')
    options = [
        *("--model", qwen, "--gpu", "GPU-66666666-7777-8888-9999-000000000000", "--context", "32768"),
        *("--served-name", "local-specialist", "--port", "30007", "--out", "docker-compose.yml"),
        *("--engine", "vllm", "--gpu-mem-util", "0.85", "--model-facts", facts, "--bind", "127.0.0.1"),
        *("--tier-id", "fast", "--manifest-out", "./serves.toml"),
    ]
    deploy(*options)
    (service,) = yaml.safe_load(Path("docker-compose.yml").read_text())["services"].values()
    words = service["command"]
    assert words[words.index("--gpu-memory-utilization") + 1] == "0.85"
    assert words[words.index("--max-model-len") + 1] == "32768"
    assert words[words.index("--default-chat-template-kwargs") + 1] == '{"enable_thinking": false}'
    assert load_manifest(Path("serves.toml")).serves[0].port == 30007


@pytest.mark.usefixtures("cards")
def test_no_manifest_and_other_machines(qwen: Path) -> None:
    result = deploy("--model", qwen, "--no-manifest", "--expose-lan")
    assert "asks for no key" in result.stderr
    assert "[[router.tiers]]" not in result.stdout
    assert here() == ["compose.qwen3-8b.yaml"]
    (service,) = yaml.safe_load(Path("compose.qwen3-8b.yaml").read_text())["services"].values()
    assert service["ports"][0]["host_ip"] == "0.0.0.0"


@pytest.mark.usefixtures("cards")
def test_the_tier_can_be_written_to_a_file(qwen: Path) -> None:
    deploy("--model", qwen, "--tier-out", "tier.toml", "--quiet")
    assert loads(Path("tier.toml").read_text(), name="tier.toml").router.tiers[0].id == "Qwen3-8B"
    Path("tier.toml").write_text("mine")
    assert "exists already" in str(refused("--model", qwen, "--tier-out", "tier.toml"))


def test_quiet_says_nothing_but_errors() -> None:
    result = deploy("--model", "Qwen/Qwen3-8B", "--gpu-memory", "80GiB", "--dry-run", "--quiet")
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "nonsense", "--gpu-like", "H200"], "there is no model at nonsense"),
        (["--model", "a/b", "--engine", "tgi", "--gpu-like", "H200"], "there is no engine 'tgi'"),
        (["--model", "a/b", "--gpu-memory", "much"], "is no size of a memory"),
        (["--model", "a/b", "--gpu-like", "H200", "--image", "x/y"], "another image tomorrow"),
        (["--model", "a/b", "--gpu-like", "H200", "--bind", "localhost"], "is no address"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_a_hint(arguments: list[str], message: str) -> None:
    assert message in str(refused(*arguments))


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"0" * 9_000_000])
def test_a_configuration_that_is_none(qwen: Path, content: bytes) -> None:
    (qwen / "config.json").write_bytes(content)
    assert refused("--model", qwen, "--gpu-like", "H200")


def test_a_configuration_that_says_nothing(qwen: Path) -> None:
    (qwen / "config.json").write_bytes(b"[1]")
    result = deploy("--model", qwen, "--gpu-like", "H200", "--dry-run")
    assert "do not name its architecture" in result.stderr
    assert "whether it fits is not known" in result.stderr


def test_a_broken_manifest_is_left_alone(qwen: Path) -> None:
    Path("serves.toml").write_text("[[serve]\n")
    result = CliRunner().invoke(app, ["deploy", "--model", str(qwen), "--gpu-like", "H200"])
    assert isinstance(result.exception, AnvilError)
    assert Path("serves.toml").read_text() == "[[serve]\n"
    assert here() == ["serves.toml"]


def test_a_broken_manifest_is_nobodys_business_without_one(qwen: Path) -> None:
    Path("serves.toml").write_text("[[serve]\n")
    assert report("--model", qwen, "--gpu-like", "H200", "--no-manifest")["port"] == 30000


def test_help_loads_the_parser_alone() -> None:
    code = """
import sys
from anvil_serving.cli import main
try:
    main()
finally:
    print(sorted({name.split(".")[0] for name in sys.modules} & {"rich", "msgspec", "yaml", "tomli_w"}))
"""
    ran = subprocess.run(
        [sys.executable, "-c", code, "deploy", "--help"], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.stdout.splitlines()[-1] == "[]"


def test_without_the_extra_its_name_is_told(qwen: Path) -> None:
    code = "import sys\nsys.modules['yaml'] = None\nfrom anvil_serving.cli import main\nmain()"
    ran = subprocess.run(
        [sys.executable, "-c", code, "deploy", "--model", str(qwen), "--gpu-like", "H200"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 2
    assert "pip install 'anvil-serving[deploy]'" in ran.stderr
    assert "Traceback" not in ran.stderr
