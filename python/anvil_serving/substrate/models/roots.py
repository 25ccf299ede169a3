"""Where models lie on a machine: the usual caches, and folders that a person names."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from anvil_serving.files import expanded, user_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["ModelRoot", "RootKind", "Roots", "find_roots", "hub_cache_folder"]

RootKind = Literal["huggingface", "folder", "lmstudio", "ollama", "llama.cpp", "anvil-serving"]
"""Whose habits a place follows."""

_WINDOWS_USERS: Final = Path("/mnt/c/Users")
"""Where WSL shows the homes of Windows."""

_USERS_CAP: Final = 100


class ModelRoot(Struct, frozen=True):
    """A folder with models in it."""

    kind: RootKind
    path: Path


class Roots(Struct, frozen=True):
    """Where there is something to look at, and where there was nothing."""

    present: tuple[ModelRoot, ...]
    absent: tuple[ModelRoot, ...]


def find_roots(environment: Mapping[str, str], *, caches: Iterable[Path] = (), folders: Iterable[Path] = ()) -> Roots:
    """The usual places, and with them `caches` (of the Hugging Face kind) and `folders`; each folder once.

    Hugging Face: `HF_HUB_CACHE`, its older name `HUGGINGFACE_HUB_CACHE`, `HF_HOME` and `XDG_CACHE_HOME`, in
    huggingface_hub's order (huggingface_hub/constants.py). Ollama: `OLLAMA_MODELS` and where its installers put them
    (ollama/docs/faq.md). llama.cpp: `LLAMA_CACHE` (common/common.cpp, `fs_get_cache_directory`). LM Studio:
    `~/.lmstudio/models` and, before 0.3, `~/.cache/lm-studio/models`.
    """
    present: dict[tuple[int, int], ModelRoot] = {}
    absent: list[ModelRoot] = []
    for root in _candidates(environment, caches, folders):
        try:
            status = root.path.stat()
            is_folder = root.path.is_dir()
        except OSError:
            is_folder = False
        if is_folder:
            present.setdefault((status.st_dev, status.st_ino), root)
        else:
            absent.append(root)
    return Roots(tuple(present.values()), tuple(absent))


def hub_cache_folder(environment: Mapping[str, str]) -> Path:
    """Where huggingface_hub keeps what it downloads now."""
    return next(_hub_cache_folders(environment))


def _candidates(environment: Mapping[str, str], caches: Iterable[Path], folders: Iterable[Path]) -> Iterator[ModelRoot]:
    home = Path(environment["HOME"]) if environment.get("HOME") else Path.home()
    cache = user_folder(environment, "XDG_CACHE_HOME")
    yield from (ModelRoot("folder", path) for path in folders)
    yield from (ModelRoot("huggingface", path) for path in (*caches, *_hub_cache_folders(environment)))
    yield ModelRoot("lmstudio", home / ".lmstudio" / "models")
    yield ModelRoot("lmstudio", cache / "lm-studio" / "models")
    if environment.get("OLLAMA_MODELS"):
        yield ModelRoot("ollama", Path(environment["OLLAMA_MODELS"]))
    yield ModelRoot("ollama", home / ".ollama" / "models")
    yield ModelRoot("ollama", Path("/usr/share/ollama/.ollama/models"))
    yield ModelRoot("llama.cpp", Path(environment.get("LLAMA_CACHE") or cache / "llama.cpp"))
    if sys.platform == "darwin":
        yield ModelRoot("llama.cpp", home / "Library" / "Caches" / "llama.cpp")
    yield ModelRoot("anvil-serving", cache / "anvil-serving")
    yield from _of_windows(environment)


def _hub_cache_folders(environment: Mapping[str, str]) -> Iterator[Path]:
    """Where huggingface_hub may have put what it downloaded, in its own order (huggingface_hub/constants.py)."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if environment.get(name):
            yield expanded(Path(environment[name]))
    if environment.get("HF_HOME"):
        yield expanded(Path(environment["HF_HOME"])) / "hub"
    # Unlike the specification, it takes a relative path too.
    cache = environment.get("XDG_CACHE_HOME")
    yield expanded(Path(cache or Path(environment.get("HOME") or "~") / ".cache")) / "huggingface" / "hub"


def _of_windows(environment: Mapping[str, str]) -> Iterator[ModelRoot]:
    """The caches of Windows, seen from it or from WSL."""
    homes = [Path(environment["USERPROFILE"])] if environment.get("USERPROFILE") else []
    with contextlib.suppress(OSError):  # no WSL
        homes += sorted(_WINDOWS_USERS.iterdir())[:_USERS_CAP]
    for home in homes:
        roots = (
            ModelRoot("huggingface", home / ".cache" / "huggingface" / "hub"),
            ModelRoot("lmstudio", home / ".lmstudio" / "models"),
            ModelRoot("ollama", home / ".ollama" / "models"),
            ModelRoot("folder", home / "models"),
        )
        with contextlib.suppress(OSError):  # another person's
            yield from [root for root in roots if root.path.is_dir()]
