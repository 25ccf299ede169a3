"""Breaking a client's connection.

ASGI has no word for "this answer cannot be finished": a server that stops early writes the chunked terminator, and
several clients then act on what was half said. So the connection's socket is shut down underneath the server. The
client then reads an end of stream where its framing promised more, which every client takes for a broken answer.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Connections"]

Address: TypeAlias = tuple[str, int]

_DESCRIPTORS = Path("/proc/self/fd" if Path("/proc/self/fd").exists() else "/dev/fd")


class Connections:
    """Finds this process's sockets by their peer.

    The server keeps its sockets to itself, so they are looked up among the process's file descriptors. What a look-up
    finds is kept as a guess for the next one: many streams can break at once. A guess is verified on a duplicate of the
    descriptor, which pins the connection, so that a reused descriptor number is never shut down by mistake.

    Nothing but a connection to that very peer is ever duplicated: to close a duplicate of a *file* takes away every
    lock (POSIX, `fcntl`) that this process has on it, and another process then cuts SQLite's files short under our
    feet.

    It holds three descriptors of its own, because it is needed most when none are left.
    """

    def __init__(self) -> None:
        self._guesses: dict[Address, int] = {}
        self._null, self._pin, self._spare = (os.open(os.devnull, os.O_RDONLY) for _ in range(3))

    def break_off(self, peer: Address) -> bool:
        """Shuts down the connection to `peer`; False if this process has none, or cannot find it now."""
        if self._shut_down(self._guesses.pop(peer, -1), peer):
            return True
        self._guesses = self._peers()
        return self._shut_down(self._guesses.pop(peer, -1), peer)

    def close(self) -> None:
        """Gives the descriptors back."""
        for descriptor in (self._null, self._pin, self._spare):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def _shut_down(self, descriptor: int, peer: Address) -> bool:
        if _peer_of(descriptor) != peer:
            return False
        with self._pinned(descriptor) as connection:
            if connection is None or _peer_of(self._pin) != peer:
                return False
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                return False
            return True

    def _peers(self) -> dict[Address, int]:
        return {peer: descriptor for descriptor in self._descriptors() if (peer := _peer_of(descriptor)) is not None}

    @contextlib.contextmanager
    def _pinned(self, descriptor: int) -> Iterator[socket.socket | None]:
        """The connection behind a descriptor, held through our own; None if it is closed or no socket's."""
        try:
            os.dup2(descriptor, self._pin, inheritable=False)
        except OSError:
            yield None
            return
        try:
            connection = socket.socket(fileno=self._pin)
        except OSError:
            yield None
        else:
            yield connection
            connection.detach()
        finally:
            os.dup2(self._null, self._pin, inheritable=False)

    def _descriptors(self) -> list[int]:
        """Every open descriptor of the process. Listing takes one; where none is left, the spare one makes room."""
        try:
            return _listed()
        except OSError:
            os.close(self._spare)
        try:
            return _listed()
        except OSError:
            return []
        finally:
            with contextlib.suppress(OSError):
                self._spare = os.open(os.devnull, os.O_RDONLY)


def _listed() -> list[int]:
    return [int(name) for name in os.listdir(_DESCRIPTORS)]  # noqa: PTH208 (names are wanted, in one system call)


def _peer_of(descriptor: int) -> Address | None:
    """Whom a descriptor leads to; None if it is closed, or of something else than a connection of the internet's."""
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return None
        connection = socket.socket(fileno=descriptor)
    except OSError:
        return None
    try:
        address = connection.getpeername()
    except OSError:
        return None
    finally:
        connection.detach()
    return (address[0], address[1]) if isinstance(address, tuple) else None
