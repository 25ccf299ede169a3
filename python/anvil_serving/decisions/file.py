"""The log's file as its writer holds it: opened when needed, missed when it is gone, moved aside when damaged."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from typing import TYPE_CHECKING, Final

from .table import connect, insert, row

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .record import Decision
    from .retention import Retention
    from .table import Row

__all__ = ["LogFile", "Vanished"]

SETTLE_SECONDS: Final = 1.0
"""How long nothing is made where the file was removed or moved aside.

Every other router notices within a quarter of a second and closes what it had open. SQLite removes the journal *by its
name* when the last connection is closed: a new file that was there already would lose its own journal
(sqlite.org/howtocorrupt.html, "Unlinking or renaming a database file while in use").
"""

ASIDE_EVERY: Final = 60.0
"""Seconds between two files moved aside: a disk that damages every file must not be filled with damaged ones."""

_JOURNALS = ("-wal", "-shm")


class Vanished(Exception):
    """The file was removed, renamed or replaced while it was open."""


class LogFile:
    """Not for two threads. Errors are those of SQLite and of the file system; `fault.py` knows what they mean."""

    def __init__(self, path: Path, retention: Retention) -> None:
        self.path = path
        self._retention = retention
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._closed_until = 0.0
        self._last_aside = -ASIDE_EVERY

    @property
    def settling(self) -> bool:
        """Whether the file must not be made yet."""
        return time.monotonic() < self._closed_until

    def check(self) -> None:
        """Opens the file if it is not open. Raises `Vanished` where it is not the one that was opened."""
        if self._connection is None:
            self._connection = connect(self.path)
            self._identity = _identity(self.path)
        elif _identity(self.path) != self._identity:
            self._leave()
            raise Vanished

    def write(self, decisions: Sequence[Decision]) -> int:
        """Writes all that can be written at all, and returns how many cannot be: too large, no Unicode, no time."""
        connection = self._opened()
        rows = [stored for decision in decisions if (stored := _row(decision)) is not None]
        try:
            insert(connection, rows)
        except sqlite3.IntegrityError:
            return len(decisions) - _insert_each(connection, rows)
        return len(decisions) - len(rows)

    def tidy(self, now: float) -> bool:
        """Lets one step of old decisions leave; true where there are more."""
        return self._retention.step(self._opened(), now)

    def close(self) -> None:
        """Closes the file; it is opened again by the next `check`."""
        if self._connection is not None:
            # What is damaged may fail to close; there is nothing left to save.
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    @property
    def may_move_aside(self) -> bool:
        """Whether the last damaged file lies long enough back."""
        return time.monotonic() >= self._last_aside + ASIDE_EVERY

    def move_aside(self) -> Path | None:
        """Gives a damaged file another name and returns it; None where another router has done so already.

        To be called only when SQLite has said that the file is damaged or no database, never because it is locked.
        """
        damaged = _identity(self.path) if self._connection is None else self._identity
        self._leave()
        if damaged is None or _identity(self.path) != damaged:
            return None
        self._last_aside = time.monotonic()
        aside = self.path.with_name(f"{self.path.name}.corrupt-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")
        self.path.rename(aside)
        for journal in _JOURNALS:
            with contextlib.suppress(FileNotFoundError):
                self.path.with_name(self.path.name + journal).rename(aside.with_name(aside.name + journal))
        return aside

    def _leave(self) -> None:
        self.close()
        self._closed_until = time.monotonic() + SETTLE_SECONDS

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RuntimeError("the log is written before it was checked")
        return self._connection


def _row(decision: Decision) -> Row | None:
    try:
        return row(decision)
    except ValueError:
        return None


def _insert_each(connection: sqlite3.Connection, rows: Sequence[Row]) -> int:
    """Writes one row at a time, where one among them is refused by the table; returns how many could be."""
    written = 0
    for stored in rows:
        with contextlib.suppress(sqlite3.IntegrityError):
            insert(connection, [stored])
            written += 1
    return written


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
