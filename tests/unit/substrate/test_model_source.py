from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest

from anvil_serving.errors import StartupError
from anvil_serving.substrate.model_source import ModelSource, find_source, hub_cache


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HF_HOME": str(tmp_path / "hf")}


def found(text: str | Path, environ: dict[str, str], *, elsewhere: bool = False) -> ModelSource:
    return find_source(str(text), environ, elsewhere=elsewhere)


def weights(folder: Path, *names: str, size: int = 100) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"\0" * size)
    return folder


def snapshot(environ: dict[str, str], *names: str) -> Path:
    """As huggingface_hub lays it out: links to blobs, two folders up."""
    repository = Path(environ["HF_HOME"]) / "hub" / "models--Qwen--Qwen3-8B"
    folder = repository / "snapshots" / "abc123"
    folder.mkdir(parents=True)
    (repository / "blobs").mkdir()
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc123")
    for number, name in enumerate(names):
        (repository / "blobs" / str(number)).write_bytes(b"\0" * 100)
        (folder / name).symlink_to(Path("..", "..", "blobs", str(number)))
    return folder


def test_a_folder(tmp_path: Path, environ: dict[str, str]) -> None:
    folder = weights(tmp_path / "Qwen3-8B", "model-1.safetensors", "model-2.safetensors", "config.json", "README.md")
    source = found(folder, environ)
    assert (source.name, source.format, source.mount) == ("Qwen3-8B", "safetensors", folder)
    assert (source.inside, source.weights_bytes, source.config) == (PurePosixPath(), 200, folder / "config.json")


def test_a_relative_folder_with_a_home(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    weights(tmp_path / "models" / "m", "a.safetensors")
    assert found("~/models/m", environ).mount == tmp_path / "models" / "m"
    monkeypatch.chdir(tmp_path / "models")
    assert found("m", environ).mount == tmp_path / "models" / "m"


def test_a_cached_download_is_mounted_with_what_its_links_lead_to(environ: dict[str, str]) -> None:
    folder = snapshot(environ, "model.safetensors", "config.json")
    for text in ("Qwen/Qwen3-8B", folder):
        source = found(text, environ)
        assert (source.name, source.repository) == ("Qwen3-8B", "Qwen/Qwen3-8B")
        assert source.mount == folder.parent.parent
        assert source.inside == PurePosixPath("snapshots/abc123")
        assert source.weights_bytes == 100


def test_a_repository_that_is_not_here(environ: dict[str, str]) -> None:
    source = found("Qwen/Qwen3-8B", environ)
    assert (source.repository, source.mount, source.format, source.is_here) == ("Qwen/Qwen3-8B", None, None, False)
    gguf = found("unsloth/Qwen3-8B-GGUF:Q4_K_M", environ)
    assert (gguf.format, gguf.quantisation) == ("gguf", "Q4_K_M")


def test_a_half_downloaded_snapshot_is_downloaded_anew(environ: dict[str, str]) -> None:
    folder = snapshot(environ, "model.safetensors")
    (folder / "model.safetensors").resolve().unlink()
    assert not found("Qwen/Qwen3-8B", environ).is_here


def test_a_file_of_gguf(tmp_path: Path, environ: dict[str, str]) -> None:
    folder = weights(tmp_path / "g", "m-Q4_K_M.gguf", "mmproj-m.gguf")
    for text in (folder, folder / "m-Q4_K_M.gguf"):
        source = found(text, environ)
        assert (source.name, source.format, source.inside) == ("m-Q4_K_M", "gguf", PurePosixPath("m-Q4_K_M.gguf"))
        assert (source.mount, source.weights_bytes, source.header) == (folder, 100, folder / "m-Q4_K_M.gguf")


def test_a_model_in_parts(tmp_path: Path, environ: dict[str, str]) -> None:
    folder = weights(tmp_path / "g", "m-00001-of-00002.gguf", "m-00002-of-00002.gguf")
    source = found(folder, environ)
    assert (source.name, source.inside, source.weights_bytes) == ("m", PurePosixPath("m-00001-of-00002.gguf"), 200)
    (folder / "m-00002-of-00002.gguf").unlink()
    with pytest.raises(StartupError, match=r"m-00002-of-00002\.gguf is missing"):
        found(folder, environ)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a-Q4.gguf", "a-Q8.gguf"), "holds 2 models"),
        (("pytorch_model.bin",), "holds no weights"),
        ((), "holds no weights"),
    ],
)
def test_a_folder_that_is_no_model(
    tmp_path: Path, environ: dict[str, str], names: tuple[str, ...], message: str
) -> None:
    with pytest.raises(StartupError, match=message) as caught:
        found(weights(tmp_path / "m", *names), environ)
    assert caught.value.hint


def test_links_that_lead_out_of_a_folder_are_refused(tmp_path: Path, environ: dict[str, str]) -> None:
    weights(tmp_path / "elsewhere", "secret")
    folder = weights(tmp_path / "m")
    (folder / "model.safetensors").symlink_to(tmp_path / "elsewhere" / "secret")
    with pytest.raises(StartupError, match="links that lead out of it"):
        found(folder, environ)


def test_links_in_a_circle_and_pipes(tmp_path: Path, environ: dict[str, str]) -> None:
    folder = weights(tmp_path / "m")
    (folder / "a").symlink_to(folder / "b")
    (folder / "b").symlink_to(folder / "a")
    with pytest.raises(StartupError):
        found(folder / "a", environ)
    os.mkfifo(folder / "model.gguf")
    with pytest.raises(StartupError):
        found(folder / "model.gguf", environ)


@pytest.mark.parametrize(
    "text",
    ["", " ", "a\nb", "nonsense", "a/b/c", "../m", "a/..", "-x", "/no/such/model", "a" * 2_000, "a\0b", "a/b:$(x)"],
)
def test_what_names_no_model(
    text: str, environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StartupError) as caught:
        found(text, environ)
    assert caught.value.hint


def test_a_path_of_another_machine(environ: dict[str, str]) -> None:
    source = found("/no/such/model", environ, elsewhere=True)
    assert (source.name, source.mount, source.is_here) == ("model", Path("/no/such/model"), False)
    file = found("/no/such/m.gguf", environ, elsewhere=True)
    assert (file.name, file.mount, file.inside, file.format) == ("m", Path("/no/such"), PurePosixPath("m.gguf"), "gguf")


@pytest.mark.parametrize(
    ("environ", "cache"),
    [
        ({"HF_HUB_CACHE": "/c", "HF_HOME": "/h"}, "/c"),
        ({"HF_HOME": "/h"}, "/h/hub"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/huggingface/hub"),
    ],
)
def test_where_downloads_are_kept(environ: dict[str, str], cache: str) -> None:
    assert hub_cache(environ) == Path(cache)
