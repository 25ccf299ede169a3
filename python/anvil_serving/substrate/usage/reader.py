"""Reads logs on all cores, and holds what of them is not as it should be."""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct

from anvil_serving._core import UsageLedger, UsageReader
from anvil_serving.layout import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from anvil_serving._core import UsageLog, UsageRequest

    from .logs import Client, FoundLogs, LogFile

__all__ = ["PIECE_BYTES", "FileTrouble", "ReadLogs", "WhatWasRead", "read_logs"]

PIECE_BYTES: Final = 256 * 1024
"""What is read of a file at once. Memory does not grow with a file, but with the answers in it."""

_THREADS: Final = 16
"""Readers at most, however many cores there are: beyond it the disk is what limits."""
_AHEAD: Final = 4
"""Files a reader that are begun before the first is taken in."""


class FileTrouble(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What of one file could not be counted."""

    path: str
    unreadable: str | None = None
    """Why it could not be read (to its end), in words."""
    broken_lines: int = 0
    """Lines that are no UTF-8 or no JSON object."""
    first_broken_line: int | None = None
    """The number of the first of them, from 1."""
    long_lines: int = 0
    """Lines longer than 64 MiB, which are passed over."""
    absurd_lines: int = 0
    """Lines of answers with a count of tokens that is none: negative, above 10^9, or no whole number."""
    changed: bool = False
    """Whether it was written to while it was read: what was there at first is counted."""


class WhatWasRead(Struct, frozen=True, kw_only=True):
    """How much was read, and what of it is not counted."""

    files: int
    bytes: int
    lines: int
    broken_lines: int
    long_lines: int
    absurd_lines: int
    client_lines: int
    """What a client says itself in a model's place, such as that an answer failed."""
    unreadable_files: int
    unreadable_folders: tuple[str, ...]
    changed_files: int
    troubles: tuple[FileTrouble, ...]
    """Files with something in them that could not be counted."""


class ReadLogs(NamedTuple):
    """What the logs say, each answer once."""

    requests: dict[Client, Iterator[UsageRequest]]
    """By client, in the order of their time."""
    pauses: list[tuple[int, int]]
    """When each ended and how long it lasted, in milliseconds."""
    read: WhatWasRead


class _Taken(NamedTuple):
    """One file that has been read."""

    log: UsageLog
    trouble: FileTrouble
    bytes: int


def read_logs(logs: FoundLogs, progress: Callable[[int, int], None] = lambda _done, _of: None) -> ReadLogs:
    """Reads the files, on as many threads as there are cores. `progress` is called with bytes done and in all."""
    files = logs.files
    # An answer of one client is never a copy of another's.
    ledgers = {file.client: UsageLedger() for file in files}
    taken = []
    total = sum(_size(file) for file in files)
    done = 0
    for file, one in zip(files, _in_order(files), strict=True):
        ledgers[file.client].add(one.log)
        taken.append(one)
        done += one.bytes
        progress(min(done, total), total)
    requests: dict[Client, Iterator[UsageRequest]] = {}
    pauses: list[tuple[int, int]] = []
    for client, ledger in ledgers.items():
        requests[client], further = ledger.finish()
        pauses += further
    return ReadLogs(requests, pauses, _sum(taken, logs.unreadable))


def _in_order(files: Sequence[LogFile]) -> Iterator[_Taken]:
    """Each file, in its place: which of two copies of an answer counts must not depend on who is first."""
    threads = min(_THREADS, os.cpu_count() or 1)
    waiting: deque[Future[_Taken]] = deque()
    stop = threading.Event()
    with ThreadPoolExecutor(threads, thread_name_prefix="usage") as pool:
        try:
            for file in files:
                waiting.append(pool.submit(_read, file, stop))
                if len(waiting) >= threads * _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            # After Ctrl-C nobody waits for the rest of a large file.
            stop.set()
            for future in waiting:
                future.cancel()


def _read(file: LogFile, stop: threading.Event) -> _Taken:
    reader = UsageReader(file.client)
    size, why, is_changed = 0, None, False
    try:
        # Never waits, should the file have become a pipe since it was found.
        descriptor = os.open(file.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            before = os.fstat(descriptor)
            # What is written meanwhile is not ours: a client may write faster than we read.
            while not stop.is_set() and (piece := os.read(descriptor, min(PIECE_BYTES, before.st_size - size))):
                reader.feed(piece)
                size += len(piece)
            after = os.fstat(descriptor)
            is_changed = (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size)
        finally:
            os.close(descriptor)
    except OSError as error:
        why = error.strerror or str(error)
    log = reader.finish()
    trouble = FileTrouble(
        path=printable(str(file.path)),
        unreadable=why,
        broken_lines=log.broken + (log.unfinished and not is_changed),
        first_broken_line=log.first_broken,
        long_lines=log.too_long,
        absurd_lines=log.absurd,
        changed=is_changed,
    )
    return _Taken(log, trouble, size)


def _size(file: LogFile) -> int:
    with suppress(OSError):
        return file.path.stat().st_size
    return 0


def _sum(taken: Sequence[_Taken], unreadable: Sequence[Path]) -> WhatWasRead:
    troubles = [one.trouble for one in taken]
    return WhatWasRead(
        files=len(taken),
        bytes=sum(one.bytes for one in taken),
        lines=sum(one.log.lines for one in taken),
        broken_lines=sum(trouble.broken_lines for trouble in troubles),
        long_lines=sum(trouble.long_lines for trouble in troubles),
        absurd_lines=sum(trouble.absurd_lines for trouble in troubles),
        client_lines=sum(one.log.synthetic for one in taken),
        unreadable_files=sum(trouble.unreadable is not None for trouble in troubles),
        unreadable_folders=tuple(printable(str(folder)) for folder in unreadable),
        changed_files=sum(trouble.changed for trouble in troubles),
        troubles=tuple(trouble for trouble in troubles if trouble != FileTrouble(path=trouble.path)),
    )
