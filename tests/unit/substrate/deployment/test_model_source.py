from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest

from anvil_serving.errors import StartupError
from anvil_serving.substrate.deployment.model_source import ModelSource, find_source


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HF_HOME": str(tmp_path / "hf")}


def found(text: str | Path, environ: dict[str, str], *, elsewhere: bool = False) -> ModelSource:
    return find_source(str(text), environ, elsewhere=elsewhere)


def size(source: ModelSource) -> int:
    assert source.found is not None
    return sum(file.size_bytes for file in source.found.weights)


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
    assert (source.inside, size(source)) == (PurePosixPath(), 200)


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
        assert size(source) == 100


def test_a_repository_that_is_not_here(environ: dict[str, str]) -> None:
    source = found("Qwen/Qwen3-8B", environ)
    assert (source.repository, source.mount, source.format, source.found) == ("Qwen/Qwen3-8B", None, None, None)
    gguf = found("unsloth/Qwen3-8B-GGUF:Q4_K_M", environ)
    assert (gguf.format, gguf.quantisation) == ("gguf", "Q4_K_M")


def test_a_half_downloaded_snapshot_is_downloaded_anew(environ: dict[str, str]) -> None:
    folder = snapshot(environ, "model.safetensors")
    (folder / "model.safetensors").resolve().unlink()
    assert found("Qwen/Qwen3-8B", environ).found is None


def test_a_file_of_gguf(tmp_path: Path, environ: dict[str, str]) -> None:
    folder = weights(tmp_path / "g", "m-Q4_K_M.gguf", "mmproj-m.gguf")
    for text in (folder, folder / "m-Q4_K_M.gguf"):
        source = found(text, environ)
        assert (source.name, source.format, source.inside) == ("m-Q4_K_M", "gguf", PurePosixPath("m-Q4_K_M.gguf"))
        assert (source.mount, size(source)) == (folder, 100)


def test_a_model_in_parts(tmp_path: Path, environ: dict[str, str]) -> None:
    folder = weights(tmp_path / "g", "m-00001-of-00002.gguf", "m-00002-of-00002.gguf")
    source = found(folder, environ)
    assert (source.name, source.inside, size(source)) == ("m", PurePosixPath("m-00001-of-00002.gguf"), 200)
    (folder / "m-00002-of-00002.gguf").unlink()
    with pytest.raises(StartupError, match="is not whole: missing: 1 of 2 parts"):
        found(folder, environ)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a-Q4.gguf", "a-Q8.gguf"), "holds 2 models"),
        (("pytorch_model.bin", "config.json"), "pickled weights"),
        (("unet.safetensors", "model_index.json"), "is diffusers"),
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
    assert (source.name, source.mount, source.found) == ("model", Path("/no/such/model"), None)
    file = found("/no/such/m.gguf", environ, elsewhere=True)
    assert (file.name, file.mount, file.inside, file.format) == ("m", Path("/no/such"), PurePosixPath("m.gguf"), "gguf")


def test_a_folder_of_models_is_not_taken_for_one(tmp_path: Path, environ: dict[str, str]) -> None:
    for name in ("a", "b"):
        weights(tmp_path / "all" / name, "model.safetensors", "config.json")
    with pytest.raises(StartupError, match="holds 2 models") as caught:
        found(tmp_path / "all", environ)
    assert "a, b" in str(caught.value.hint)


def test_own_weights_come_before_gguf_files_beside_them(tmp_path: Path, environ: dict[str, str]) -> None:
    folder = weights(tmp_path / "m", "model.safetensors", "config.json", "m-Q4_K_M.gguf")
    assert found(folder, environ).format == "safetensors"
    assert found(folder / "m-Q4_K_M.gguf", environ).format == "gguf"


def test_a_downloaded_quantisation_is_found_by_its_tag(environ: dict[str, str]) -> None:
    snapshot(environ, "Qwen3-8B-Q4_K_M.gguf", "Qwen3-8B-Q8_0.gguf")
    source = found("Qwen/Qwen3-8B:q8_0", environ)
    assert source.inside == PurePosixPath("snapshots/abc123/Qwen3-8B-Q8_0.gguf")
    assert source.name == "Qwen3-8B-Q8_0"
    with pytest.raises(StartupError, match="2 models of Qwen/Qwen3-8B are downloaded") as caught:
        found("Qwen/Qwen3-8B", environ)
    assert "Q4_K_M" in str(caught.value.hint)
    # One that is not here is downloaded.
    assert found("Qwen/Qwen3-8B:Q2_K", environ).found is None
