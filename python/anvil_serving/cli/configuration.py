"""The router's configuration for a command: the one that is named, else the one that a `serve` would find."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from anvil_serving.errors import StartupError

if TYPE_CHECKING:
    from anvil_serving.config import Config

__all__ = ["configured", "loaded", "named_or_found"]


def named_or_found(path: Path | None) -> Path:
    """Where it is. Raises `StartupError` where none is named and there is none."""
    from anvil_serving.substrate.serve import find_config  # noqa: PLC0415 - `--help` must not load more than the parser

    return path or find_config(Path.cwd(), os.environ)


def loaded(path: Path | None) -> Config:
    """What it says. Raises as `named_or_found` and `config.load` do."""
    from anvil_serving.config import load  # noqa: PLC0415

    return load(named_or_found(path))


def configured(path: Path | None) -> Config | None:
    """What it says; None where none is named and there is none. Raises as `config.load` does."""
    try:
        found = named_or_found(path)
    except StartupError:
        return None
    return loaded(found)
