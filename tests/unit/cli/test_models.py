from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.models import QWEN3, hub_repository, write_gguf, write_safetensors
from typer.testing import CliRunner

from anvil_serving.cli.app import app
from anvil_serving.errors import StartupError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "OLLAMA_MODELS", "LLAMA_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def two_models(home: Path) -> Path:
    weights = write_safetensors(home / "made.safetensors", {"a": ("BF16", [1024, 100])})
    cache = home / ".cache" / "huggingface" / "hub"
    hub_repository(cache, "Qwen/Qwen3-0.6B", {"config.json": json.dumps(QWEN3), "model.safetensors": weights})
    write_gguf(home / "srv" / "tiny-Q4_K_M.gguf")
    return home / "srv"


def invoke(*arguments: str) -> Any:
    result = CliRunner().invoke(app, ["models", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.parametrize("command", ["list", "show", "sync"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    assert f"Example: anvil-serving models {command}" in invoke(command, "--help").stdout


@pytest.mark.parametrize("command", ["list", "sync"])
def test_a_machine_without_models_says_where_was_looked_and_how_to_get_one(command: str, home: Path) -> None:
    said = invoke(command).stderr
    assert "no models here. Looked in" in said
    assert str(home / ".cache" / "huggingface" / "hub") in said.replace("\n    ", "").replace("\n  ", "")
    assert "hf download" in said
    assert invoke(command, "--quiet").stderr == ""
    assert json.loads(invoke("list", "--json").stdout) == []


def test_the_list(two_models: Path) -> None:
    result = invoke("list", "--dir", str(two_models))
    header, first, second = result.stdout.splitlines()
    assert header.split()[:2] == ["model", "format"]
    assert first.split() == [
        "Qwen/Qwen3-0.6B",
        "safetensors",
        "bfloat16",
        "vllm,",
        "sglang",
        "205.2",
        "kB",
        "102K",
        "40K",
    ]
    assert second.split()[:5] == ["tiny-Q4_K_M", "gguf", "Q4_K_M", "llama.cpp,", "sglang?"]


def test_the_list_of_one_engine(two_models: Path) -> None:
    found = json.loads(invoke("list", "--dir", str(two_models), "--engine", "llamacpp", "--json").stdout)
    assert [card["name"] for card in found] == ["tiny-Q4_K_M"]
    assert invoke("list", "--engine", "llama.cpp").stderr == "none of the 1 models here is one that llama.cpp loads\n"
    with pytest.raises(StartupError, match="no engine called ollama") as caught:
        invoke("list", "--engine", "ollama")
    assert caught.value.hint == "one of llama.cpp, vllm, sglang"


def test_one_model(two_models: Path) -> None:
    result = invoke("show", "QWEN3-0.6", "--dir", str(two_models))
    assert result.stdout.startswith("Qwen/Qwen3-0.6B\n  where ")
    assert "context        40,960 tokens" in result.stdout
    assert "114,688 bytes for each further token" in result.stdout
    (card,) = json.loads(invoke("show", "tiny", "--dir", str(two_models), "--json").stdout)
    assert card["path"] == str(two_models / "tiny-Q4_K_M.gguf")
    assert card["shape"]["layers"] == 28


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("i", "2 models are called something like i", "there is Qwen/Qwen3-0.6B, tiny-Q4_K_M"),
        ("quen3", "there is no model called quen3 here", "there is Qwen/Qwen3-0.6B"),
        ("\x1b[2J", "there is no model called \\x1b[2J here", "there is Qwen/Qwen3-0.6B, tiny-Q4_K_M"),
    ],
)
def test_a_name_that_is_not_one(two_models: Path, name: str, message: str, hint: str) -> None:
    write_gguf(two_models / "tiny-Q4_K_M.gguf")
    hub_repository(two_models.parent / ".cache/huggingface/hub", "Qwen/Qwen3-0.6B", {})
    with pytest.raises(StartupError) as caught:
        invoke("show", name if name != "i" else "-", "--dir", str(two_models))
    assert str(caught.value) == message.replace("like i", "like -")
    assert caught.value.hint == hint


def test_sync_says_what_is_different(two_models: Path, home: Path) -> None:
    first = invoke("sync", "--dir", str(two_models)).stdout
    library = home / "data" / "anvil-serving" / "models"
    assert first == f"2 models written to {library}\n2 new: Qwen/Qwen3-0.6B, tiny-Q4_K_M\n0 changed\n0 gone\n"
    (two_models / "tiny-Q4_K_M.gguf").unlink()
    write_gguf(two_models / "other-Q8_0.gguf", file_type=7)
    report = json.loads(invoke("sync", "--dir", str(two_models), "--json").stdout)
    assert report["changes"] == {"new": ["other-Q8_0"], "changed": [], "gone": ["tiny-Q4_K_M"], "unchanged": 1}
    assert report["folder"] == str(library)
    assert {path.name for path in (library / "cards").glob("*.md")} == {"Qwen__Qwen3-0.6B.md", "other-Q8_0.md"}


def test_the_old_command_line(two_models: Path, home: Path) -> None:
    caches = os.pathsep.join([str(home / "nowhere"), str(home / "elsewhere")])
    hub_repository(home / "elsewhere", "a/b", {"config.json": json.dumps(QWEN3)})
    folders = os.pathsep.join([str(home / "nowhere"), str(two_models)])
    invoke("sync", "--out", str(home / "model-library"), "--hf-roots", caches, "--model-dirs", folders)
    cards = {path.name for path in (home / "model-library" / "cards").iterdir()}
    assert {"a__b.json", "a__b.md", "Qwen__Qwen3-0.6B.json", "tiny-Q4_K_M.json"} <= cards
    assert (home / "model-library" / "INDEX.md").is_file()


def test_a_folder_that_is_none(home: Path) -> None:
    with pytest.raises(StartupError, match="is no folder"):
        invoke("list", "--dir", str(home / "nowhere"))


def test_the_real_command_without_the_extra_and_without_a_network(two_models: Path, home: Path) -> None:
    # What a bare installation lacks cannot be imported.
    code = (
        "import sys\n"
        "for name in ('yaml', 'huggingface_hub', 'gguf', 'numpy'):\n    sys.modules[name] = None\n"
        "import socket\n"
        "def refuse(*_): raise AssertionError('a socket')\n"
        "socket.socket.connect = refuse\n"
        "from anvil_serving.cli import main\nmain()"
    )

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code, "models", *arguments, "--dir", str(two_models)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    listed = run("list")
    assert (listed.returncode, len(listed.stdout.splitlines())) == (0, 3)
    assert listed.stderr == "licences in README.md are not read: pip install 'anvil-serving[models]'\n"
    asked = run("sync", "--online", "-q")
    assert asked.returncode == 2
    assert asked.stderr.startswith("error: the library that asks the Hub is not installed\nhint: pip install")
    missing = run("show", "nothing-like-it", "-q")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr.startswith("error: there is no model called nothing-like-it here\nhint: ")
