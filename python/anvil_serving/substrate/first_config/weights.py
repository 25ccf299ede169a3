"""Which models lie in the Hugging Face cache of this user; their names alone."""

from __future__ import annotations

import contextlib
import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["cache_folder", "cached_models"]

_PREFIX: Final = "models--"
_MOST: Final = 10_000
"""Entries of the folder that are looked at."""


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Where models are kept: `HF_HUB_CACHE`, else `hub` below `HF_HOME` (Hugging Face Hub, "Environment variables")."""
    if named := environ.get("HF_HUB_CACHE"):
        return Path(named)
    if home := environ.get("HF_HOME"):
        return Path(home) / "hub"
    cache = environ.get("XDG_CACHE_HOME", "")
    root = Path(cache)
    if not root.is_absolute():
        root = Path("~/.cache")
        with contextlib.suppress(RuntimeError):  # no home: nothing is there
            root = root.expanduser()
    return root / "huggingface" / "hub"


def cached_models(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Names such as `Qwen/Qwen3-8B`, sorted; none where there is no cache or it cannot be read."""
    try:
        with os.scandir(cache_folder(environ)) as entries:
            folders = [entry.name for entry in islice(entries, _MOST) if entry.name.startswith(_PREFIX)]
    except OSError:
        return ()
    return tuple(sorted(name.removeprefix(_PREFIX).replace("--", "/", 1) for name in folders))
