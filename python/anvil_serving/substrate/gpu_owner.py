"""Which tier's server a program on a card belongs to, where the system tells: by the port that it listens at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from msgspec import Struct

from anvil_serving.config import is_loopback

from .gpus import Gpu
from .listening import PROC, listening_ports, sockets_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anvil_serving.config import Router

__all__ = ["GpuOwner", "GpuUse", "gpu_owners"]

_MOST_PARENTS: Final = 8


class GpuOwner(Struct, frozen=True):
    """A program on a card, and the tier that it answers for."""

    pid: int
    tier: str


class GpuUse(Struct, frozen=True, kw_only=True):
    """The cards of a machine, and what is known of who uses them."""

    gpus: tuple[Gpu, ...]
    absent_because: str | None
    owners: tuple[GpuOwner, ...]


def gpu_owners(gpus: Iterable[Gpu], router: Router) -> tuple[GpuOwner, ...]:
    """The programs whose tier is known: those that, or whose parents, listen where a tier of this machine is.

    Only Linux tells, and only of this user's own programs; of those in containers it does not.
    """
    tiers = _local_ports(router)
    ports = listening_ports()
    found = []
    for pid in dict.fromkeys(process.pid for gpu in gpus for process in gpu.processes):
        tier = next((tiers[port] for inode in _sockets(pid) if (port := ports.get(inode)) in tiers), None)
        if tier is not None:
            found.append(GpuOwner(pid, tier))
    return tuple(found)


def _local_ports(router: Router) -> dict[int | None, str]:
    tiers: dict[int | None, str] = {}
    for tier in router.tiers:
        for url in tier.urls:
            parts = urlsplit(url)
            if is_loopback(parts.hostname or ""):
                tiers.setdefault(parts.port or (443 if parts.scheme == "https" else 80), tier.id)
    return tiers


def _sockets(pid: int) -> Iterable[str]:
    """The inodes of a program's sockets, then of its parents'."""
    for _ in range(_MOST_PARENTS):
        if pid <= 1:
            return
        yield from sockets_of(pid)
        try:
            # The name in brackets may hold anything.
            pid = int((PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return
