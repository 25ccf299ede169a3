"""How old decisions leave: by age and by size, in steps short enough that no other writer waits for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Retention"]

STEP_ROWS: Final = 250
"""Decisions removed in one transaction: some milliseconds."""

SHRINK_TO: Final = 0.95
"""Once the log is larger than it may be, it is brought to this share of its limit; until then nothing is removed."""

_DAY: Final = 86_400.0
_MIB: Final = 1024 * 1024

# The oldest first, by the index on time.
_REMOVE = "DELETE FROM decisions WHERE rowid IN (SELECT rowid FROM decisions WHERE at < ? ORDER BY at, id LIMIT ?)"


class Retention:
    """What may stay in the log: decisions of the last `keep_days`, in a file of at most `keep_mib` MiB."""

    def __init__(self, *, keep_days: float, keep_mib: float) -> None:
        self._keep_seconds = keep_days * _DAY
        self._keep_bytes = keep_mib * _MIB
        self._shrinking = False

    def step(self, connection: sqlite3.Connection, now: float) -> bool:
        """Takes one step towards what may stay; true where there is more to do.

        `now` is in seconds since the epoch. A clock that jumps back makes less leave for a while, and nothing else.
        """
        size = _file_bytes(connection)
        self._shrinking = size > self._keep_bytes * (SHRINK_TO if self._shrinking else 1)
        cutoff = float("inf") if self._shrinking else now - self._keep_seconds
        # The file gets shorter with the transaction (`auto_vacuum`), and by no more than that many decisions.
        removed = connection.execute(_REMOVE, (cutoff, STEP_ROWS)).rowcount
        return removed == STEP_ROWS or (self._shrinking and removed > 0)


def _file_bytes(connection: sqlite3.Connection) -> int:
    return _number(connection, "page_count") * _number(connection, "page_size")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
