"""Which tier's server a program on a card belongs to, where the system tells: by the port that it listens at."""

from __future__ import annotations

import contextlib
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from msgspec import Struct

from anvil_serving.config import is_loopback

from .gpus import Gpu

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anvil_serving.config import Router

__all__ = ["GpuOwner", "GpuUse", "gpu_owners"]

_PROC: Final = Path("/proc")
_MOST_FILES: Final = 4_096
"""Open files of a program that are looked at."""
_MOST_LINES: Final = 65_536
"""Sockets of the machine that are looked at."""
_MOST_PARENTS: Final = 8
_LISTENS: Final = "0A"
_SOCKET = re.compile(r"socket:\[(\d+)\]")


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
    ports = _listening_ports()
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


def _listening_ports() -> dict[str, int]:
    """Ports by the inode of their socket (proc(5), "/proc/net/tcp")."""
    ports: dict[str, int] = {}
    for name in ("tcp", "tcp6"):
        try:
            with (_PROC / "net" / name).open(encoding="ascii", errors="replace") as lines:
                for words in (line.split() for line in islice(lines, 1, _MOST_LINES)):
                    if len(words) > 9 and words[3] == _LISTENS:
                        ports[words[9]] = int(words[1].rpartition(":")[2], 16)
        except (OSError, ValueError):
            continue
    return ports


def _sockets(pid: int) -> Iterable[str]:
    """The inodes of a program's sockets, then of its parents'."""
    for _ in range(_MOST_PARENTS):
        if pid <= 1:
            return
        try:
            for file in islice((_PROC / str(pid) / "fd").iterdir(), _MOST_FILES):
                # Files are closed while others are looked at.
                with contextlib.suppress(FileNotFoundError):
                    if (found := _SOCKET.match(str(file.readlink()))) is not None:
                        yield found[1]
            # The name in brackets may hold anything.
            pid = int((_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return
