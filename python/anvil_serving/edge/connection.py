"""Breaking a client's connection.

ASGI has no word for "this answer cannot be finished": a server that stops early writes the chunked terminator, and
several clients then act on what was half said. So the connection's socket is shut down underneath the server. The
client then reads an end of stream where its framing promised more, which every client takes for a broken answer.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TypeAlias

__all__ = ["Connections"]

Address: TypeAlias = tuple[str, int]

_DESCRIPTORS = Path("/proc/self/fd" if Path("/proc/self/fd").exists() else "/dev/fd")


class Connections:
    """Finds this process's sockets by their peer.

    The server keeps its sockets to itself, so they are looked up among the process's file descriptors. What a look-up
    finds is kept as a guess for the next one: many streams can break at once. A guess is verified on a duplicate of the
    descriptor, which pins the connection, so that a reused descriptor number is never shut down by mistake.
    """

    def __init__(self) -> None:
        self._guesses: dict[Address, int] = {}

    def break_off(self, peer: Address) -> bool:
        """Shuts down the connection to `peer`; False if this process has none."""
        if self._shut_down(self._guesses.pop(peer, -1), peer):
            return True
        self._guesses = _peers()
        return self._shut_down(self._guesses.pop(peer, -1), peer)

    def _shut_down(self, descriptor: int, peer: Address) -> bool:
        pinned = _duplicate(descriptor)
        if pinned is None:
            return False
        with pinned:
            if _peer_of(pinned) != peer:
                return False
            try:
                pinned.shutdown(socket.SHUT_RDWR)
            except OSError:
                return False
            return True


def _peers() -> dict[Address, int]:
    peers: dict[Address, int] = {}
    for name in os.listdir(_DESCRIPTORS):  # noqa: PTH208 (names are wanted, in one system call)
        duplicate = _duplicate(int(name))
        if duplicate is None:
            continue
        with duplicate:
            peer = _peer_of(duplicate)
        if peer is not None:
            peers[peer] = int(name)
    return peers


def _duplicate(descriptor: int) -> socket.socket | None:
    """A socket of its own on the same connection; None when the descriptor is closed or is no socket's."""
    try:
        duplicate = os.dup(descriptor)
    except OSError:
        return None
    try:
        return socket.socket(fileno=duplicate)
    except OSError:
        # A refused descriptor stays its caller's to close.
        os.close(duplicate)
        return None


def _peer_of(connection: socket.socket) -> Address | None:
    try:
        address = connection.getpeername()
    except OSError:
        return None
    return (address[0], address[1]) if isinstance(address, tuple) else None
