"""Rows of numbers that all workers of a machine see, without a server between them.

The parent makes the board before its workers start: a small file that each of them maps. A number is eight bytes in
their native order and at their natural address, so that one is read whole or not at all and no reader needs a lock. Who
changes several numbers of a row holds its lock meanwhile. `CLOCK_MONOTONIC` is the same in all processes of a machine:
times may stand on a board.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import tempfile
import time
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["Board", "Lock", "Row"]

Row: TypeAlias = "memoryview[float]"
"""The numbers of one row; all 0 at first."""

_BYTES = 8
_TRIES = 50
_PAUSE_SECONDS = 0.000_2
"""A row is held for microseconds. Who cannot have it for 10 ms goes on without: the holder was stopped in the middle,
and a number that is off by one harms less than a worker that stands still."""


class Lock(Protocol):
    """What is entered by whoever changes a row."""

    def __enter__(self) -> object: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> bool | None: ...


class Board:
    """A number of rows of the same width. Made by `alone` or `shared`.

    A shared one may be handed to a worker by a fork or pickled; both see the same numbers.
    """

    def __init__(self, numbers: Row, width: int, *, file: int | None = None, path: Path | None = None) -> None:
        self._numbers = numbers
        self._width = width
        self._file = file
        self._path = path

    @classmethod
    def alone(cls, rows: int, width: int) -> Board:
        """A board of this process."""
        return cls(memoryview(array("d", [0.0]) * (rows * width)), width)

    @classmethod
    def shared(cls, rows: int, width: int) -> Board:
        """A board for this process and those that it hands it to, until `close`.

        Raises `OSError` when there is no place for the file.
        """
        file, name = tempfile.mkstemp(prefix="anvil-serving-")
        try:
            os.truncate(file, max(1, rows * width) * _BYTES)
            return cls._mapped(file, Path(name), rows, width)
        except BaseException:
            os.close(file)
            Path(name).unlink(missing_ok=True)
            raise

    @classmethod
    def opened(cls, path: Path, rows: int, width: int) -> Board:
        """The board that another process has made. Raises `OSError` when it is closed."""
        return cls._mapped(os.open(path, os.O_RDWR | os.O_CLOEXEC), path, rows, width)

    @classmethod
    def _mapped(cls, file: int, path: Path, rows: int, width: int) -> Board:
        # The mapping stays as long as anybody has a row of it.
        numbers = memoryview(mmap.mmap(file, max(1, rows * width) * _BYTES)).cast("d")
        return cls(numbers, width, file=file, path=path)

    def __reduce__(self) -> tuple[Callable[..., Board], tuple[object, ...]]:
        if self._path is None:
            raise TypeError("a board of one process cannot be handed to another")
        return Board.opened, (self._path, len(self._numbers) // self._width, self._width)

    def row(self, number: int) -> Row:
        """A row, from 0."""
        return self._numbers[number * self._width : (number + 1) * self._width]

    def lock(self, number: int) -> Lock:
        """The lock of a row, for one thread of a process; whoever has it must do little."""
        return contextlib.nullcontext() if self._file is None else _RowLock(self._file, number)

    def close(self) -> None:
        """Takes the file away. Who has it mapped goes on seeing it."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


class _RowLock:
    """A lock of one byte of the file, the kernel's own: that of a process that dies is free again."""

    __slots__ = ("_file", "_is_held", "_row")

    def __init__(self, file: int, row: int) -> None:
        self._file = file
        self._row = row
        self._is_held = False

    def __enter__(self) -> None:
        for _ in range(_TRIES):
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, self._row)
            except OSError:
                time.sleep(_PAUSE_SECONDS)
            else:
                self._is_held = True
                return

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._is_held:
            self._is_held = False
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, self._row)
