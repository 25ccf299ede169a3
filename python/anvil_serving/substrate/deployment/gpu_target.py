"""Which cards a service is written for: of this machine, or like those of another."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from anvil_serving.errors import StartupError
from anvil_serving.layout import printable
from anvil_serving.substrate.data_table import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anvil_serving.substrate.gpus import Gpus

__all__ = ["GPU_VARIABLE", "GpuTarget", "KnownCard", "cpu_target", "find_target", "known_cards", "memory_size"]

GPU_VARIABLE: Final = "ANVIL_GPU"
"""The environment variable that a compose file asks for the cards' UUIDs where they are not known."""

_UUID: Final = re.compile(r"(GPU|MIG)-[0-9a-zA-Z/-]{4,80}")
_SIZE: Final = re.compile(r"(?P<number>\d{1,7}(?:\.\d{1,3})?) ?(?P<unit>[KMGT]i?B?)?", re.IGNORECASE)
_BESIDE: Final = frozenset(
    {
        "nvidia",
        "geforce",
        "gpu",
        "pcie",
        "sxm",
        "sxm4",
        "sxm5",
        "hbm3",
        "hbm3e",
        "80gb",
        "edition",
        "server",
        "workstation",
    }
)
"""Words of a card's name that make it no other card."""

_LEFT_OUT: Final = frozenset({"rtx", "blackwell"})
"""Words of a known name that people leave out."""

_UNITS: Final = {"k": 1, "m": 2, "g": 3, "t": 4}
_MEBIBYTE: Final = 1024 * 1024
_MOST_CARDS: Final = 16


class KnownCard(Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of card."""

    name: str
    memory_mib: int
    compute_capability: str
    source: str


class GpuTarget(Struct, frozen=True, kw_only=True):
    """What a service computes on."""

    kind: Literal["uuid", "index", "variable", "cpu"]
    """How the cards are named: by UUID; by number, where no UUID is known; by a variable that is to be set when the
    service is started; or there are none."""
    ids: tuple[str, ...] = ()
    cards: int = 1
    name: str | None = None
    memory_bytes: int | None = None
    """Of the smallest of the cards."""
    memory_used_bytes: int = 0
    """What programs hold of the fullest."""
    compute_capability: str | None = None
    driver: str | None = None
    elsewhere: bool = False
    """Whether it is another machine's."""


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    card: tuple[KnownCard, ...]


@functools.cache
def known_cards() -> tuple[KnownCard, ...]:
    """The cards that are known by name."""
    return read_table(__name__, "known_cards.toml", _Table).card


def memory_size(text: str) -> int:
    """Bytes that a person writes as `24GiB`, `24 GB` or `24` (GiB). All units are powers of 1,024, as drivers count.

    Raises `StartupError`.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None or float(match["number"]) <= 0:
        raise StartupError(f"{printable(text)!r} is no size of a memory", hint="write it as 24GiB or 24576MiB")
    unit = (match["unit"] or "g")[0].lower()
    return int(float(match["number"]) * 1024 ** _UNITS[unit])


def cpu_target(memory_bytes: int | None) -> GpuTarget:
    """A machine without a GPU, or whose GPU is for others; `memory_bytes` is its RAM."""
    return GpuTarget(kind="cpu", memory_bytes=memory_bytes)


def find_target(found: Gpus, wanted: Sequence[str], like: str | None, memory_bytes: int | None) -> GpuTarget:
    """The cards that `wanted` names by number or UUID (none: the first), or such as `like` and `memory_bytes` describe.

    Raises `StartupError`: no such card, none at all and nothing described, no such kind, or too many.
    """
    if len(wanted) > _MOST_CARDS:
        raise StartupError(f"{len(wanted)} cards are too many for one service", hint=f"name {_MOST_CARDS} at most")
    if len(set(wanted)) != len(wanted):
        raise StartupError("a card is named twice", hint="name each card once")
    for name in wanted:
        if not name.isdecimal() and _UUID.fullmatch(name) is None:
            raise StartupError(
                f"{printable(name)!r} is no card", hint="name it by its number or its UUID; `nvidia-smi -L` lists both"
            )
    if like is not None or memory_bytes is not None:
        return _described(wanted, like, memory_bytes)
    return _here(found, wanted)


def _described(wanted: Sequence[str], like: str | None, memory_bytes: int | None) -> GpuTarget:
    card = _like(like) if like is not None else None
    uuids = tuple(name for name in wanted if not name.isdecimal())
    named = len(uuids) == len(wanted) and bool(wanted)
    return GpuTarget(
        kind="uuid" if named else "variable",
        ids=uuids if named else (),
        cards=max(1, len(wanted)),
        name=card.name if card else None,
        memory_bytes=memory_bytes or (card.memory_mib * _MEBIBYTE if card else None),
        compute_capability=card.compute_capability if card else None,
        elsewhere=True,
    )


def _like(text: str) -> KnownCard:
    """Raises `StartupError` where no name, or more than one, has the words of `text`."""
    wanted = _words(text)
    fitting = [
        card
        for card in known_cards()
        if wanted - _words(card.name) <= _BESIDE and _words(card.name) - wanted <= _LEFT_OUT and wanted - _BESIDE
    ]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(card.name for card in known_cards())
    raise StartupError(
        f"{printable(text[:80])!r} is no card that is known here",
        hint=f"pass its memory instead, as --gpu-memory 24GiB, or one of {names}",
    )


def _words(name: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", name.lower()))


def _here(found: Gpus, wanted: Sequence[str]) -> GpuTarget:
    if not found.gpus:
        if wanted:
            return GpuTarget(
                kind="uuid" if not any(name.isdecimal() for name in wanted) else "index",
                ids=tuple(wanted),
                cards=len(wanted),
                elsewhere=True,
            )
        raise StartupError(
            f"there is no GPU on this machine: {found.absent_because}",
            hint='pass --gpu-like "RTX 5090" to write for another machine, or --engine llama.cpp --cpu',
        )
    if wanted:
        known = {str(gpu.index): gpu for gpu in found.gpus} | {gpu.uuid: gpu for gpu in found.gpus}
        missing = [name for name in wanted if name not in known]
        if missing:
            there = ", ".join(f"{gpu.index} ({gpu.name}, {gpu.uuid})" for gpu in found.gpus)
            raise StartupError(f"there is no card {missing[0]} on this machine", hint=printable(f"there are {there}"))
        cards = [known[name] for name in wanted]
    else:
        cards = [min(found.gpus, key=lambda gpu: gpu.index)]
    return GpuTarget(
        kind="uuid",
        ids=tuple(card.uuid for card in cards),
        cards=len(cards),
        name=printable(cards[0].name),
        memory_bytes=min(card.memory_bytes for card in cards),
        memory_used_bytes=max(card.memory_used_bytes for card in cards),
        compute_capability=cards[0].compute_capability,
        driver=cards[0].driver,
    )
