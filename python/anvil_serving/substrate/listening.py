"""Who listens at which port of this machine: what Linux tells of it, and only of this user's own programs (proc(5))."""

from __future__ import annotations

import contextlib
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PROC", "listening_ports", "listening_program", "sockets_of"]

PROC: Final = Path("/proc")
_MOST_FILES: Final = 4_096
"""Open files of a program that are looked at."""
_MOST_LINES: Final = 65_536
"""Sockets of the machine that are looked at."""
_LISTENS: Final = "0A"
_SOCKET: Final = re.compile(r"socket:\[(\d+)\]")


def listening_ports() -> dict[str, int]:
    """TCP ports by the inode of their socket; none where this is not Linux."""
    ports: dict[str, int] = {}
    for name in ("tcp", "tcp6"):
        try:
            with (PROC / "net" / name).open(encoding="ascii", errors="replace") as lines:
                for words in (line.split() for line in islice(lines, 1, _MOST_LINES)):
                    if len(words) > 9 and words[3] == _LISTENS:
                        ports[words[9]] = int(words[1].rpartition(":")[2], 16)
        except (OSError, ValueError):
            continue
    return ports


def sockets_of(pid: int) -> Iterator[str]:
    """The inodes of a program's sockets; none where it has ended, or is somebody else's."""
    with contextlib.suppress(OSError):
        for file in islice((PROC / str(pid) / "fd").iterdir(), _MOST_FILES):
            # Files are closed while others are looked at.
            with contextlib.suppress(FileNotFoundError):
                if (found := _SOCKET.match(str(file.readlink()))) is not None:
                    yield found[1]


def listening_program(port: int) -> tuple[int, str] | None:
    """The number and the name of the program that listens at a port; None where that is not to be seen."""
    inodes = {inode for inode, at in listening_ports().items() if at == port}
    for pid in [int(path.name) for path in PROC.iterdir() if path.name.isdecimal()] if inodes else ():
        if any(inode in inodes for inode in sockets_of(pid)):
            with contextlib.suppress(OSError):  # it has just ended
                return pid, (PROC / str(pid) / "comm").read_text(errors="replace").strip()
    return None
