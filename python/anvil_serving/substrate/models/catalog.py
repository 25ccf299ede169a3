"""Which model of a catalogue to bring up where none is named: the largest that an engine loads.

A catalogue is what `models sync` writes, today's or that of 0.7.1: a JSON file for each model in `cards/`.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from anvil_serving.errors import AnvilError, StartupError
from anvil_serving.files import read_file

__all__ = ["CataloguedModel", "pick"]

_CARD_CAP: Final = 1024 * 1024
_MOST_CARDS: Final = 10_000


class CataloguedModel(Struct, frozen=True, kw_only=True):
    """A model of a catalogue."""

    path: str
    card: Path


class _Sizes(Struct):
    size_bytes: int = 0


class _Fit(Struct):
    loadable: str


class _Card(Struct):
    path: str | None = None
    sizes: _Sizes | None = None
    engines: list[_Fit] = []
    whole: bool = True
    format: str | None = None
    # 0.7.1's names.
    local_path: str | None = None
    size_gb: float | None = None
    sglang_loadable: bool | None = None
    sm120_caveat: Any = None

    @property
    def rank(self) -> tuple[bool, float]:
        """Whether an engine surely loads it, and how large it is."""
        is_loadable = bool(self.sglang_loadable) or any(fit.loadable == "yes" for fit in self.engines)
        size = self.sizes.size_bytes if self.sizes is not None else (self.size_gb or 0) * 1e9
        return is_loadable and not self.sm120_caveat, size


def pick(folder: Path) -> CataloguedModel:
    """The model to bring up. Raises `StartupError` where the catalogue has none."""
    best: tuple[tuple[bool, float], CataloguedModel] | None = None
    for path in sorted(islice((folder / "cards").glob("*.json"), _MOST_CARDS)):
        card = _read(path)
        place = card and (card.path or card.local_path)
        if card is None or not place or not card.whole:
            continue
        if (card.rank[0] or card.format == "safetensors") and (best is None or card.rank > best[0]):
            best = card.rank, CataloguedModel(path=place, card=path)
    if best is None:
        raise StartupError(
            f"there is no model to bring up: {folder} has no card of one that an engine loads",
            hint="name one with --model, or run `anvil-serving models sync` first",
        )
    return best[1]


def _read(path: Path) -> _Card | None:
    try:
        return msgspec.json.decode(read_file(path, cap=_CARD_CAP), type=_Card)
    except (AnvilError, OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
