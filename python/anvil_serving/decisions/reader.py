"""Reading the log: one decision, pages of them, or all of them, while routers write and while none does."""

from __future__ import annotations

import base64
import math
import sqlite3
import time
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote

import msgspec
from msgspec import Struct

from anvil_serving.errors import AnvilError
from anvil_serving.files import NotRegular, check_regular

from .fault import diagnose
from .record import Decision
from .table import ForeignFile, NewerFile, check_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

__all__ = ["BadCursor", "DecisionPage", "DecisionReader", "Filters", "LogMissing", "LogUnavailable", "QuestionTooDear"]

PAGE_CAP: Final = 1_000
"""Decisions in one page at most."""

CURSOR_CAP: Final = 512
"""Characters of a cursor at most; a real one has about 80."""

_CHUNK: Final = 500
"""Decisions that `iterate` reads at once. Between two chunks nothing keeps the journal from shrinking."""

_BUSY_SECONDS: Final = 2.0

_STEPS: Final = 20_000
"""Instructions of SQLite between two looks at the clock: about a thousand decisions that are passed over. Each look
needs the interpreter's lock, which a busy event loop gives up after 5 ms."""


class LogUnavailable(AnvilError):
    """The log is there, but cannot be read."""

    fault = "operator"


class LogMissing(LogUnavailable):
    """There is no log yet."""


class QuestionTooDear(LogUnavailable):
    """What was asked takes longer than the reader may."""


class BadCursor(AnvilError):
    """A cursor that no page has given out."""

    fault = "caller"


class Filters(Struct, frozen=True, kw_only=True):
    """Which decisions are wanted: all that agree with everything that is set."""

    session: str | None = None
    client: str | None = None
    work_class: str | None = None
    tier: str | None = None
    """The tier that answered."""
    result: str | None = None
    intent: str | None = None
    since: float | None = None
    """At this time or later, in seconds since the epoch."""
    until: float | None = None
    """Before this time, in seconds since the epoch."""


class DecisionPage(Struct, frozen=True):
    """Some decisions, the newest first."""

    decisions: tuple[Decision, ...]
    next: str | None
    """The cursor of the page after this one; None: this is the last."""
    unreadable: int = 0
    """Records of this page that another release wrote in a way that this one does not know."""


class _Place(Struct, frozen=True, array_like=True):
    """Where a page ended."""

    at: float
    id: str


class DecisionReader:
    """A connection of its own that only reads. Belongs to one thread; a context manager.

    A statement may take `seconds`, and as long again to wait for another program's lock; None: as long as it takes.
    Raises `LogMissing` and `LogUnavailable`, of which `QuestionTooDear` is one, here and in every method.
    """

    def __init__(self, path: Path, seconds: float | None = None) -> None:
        self.path = path
        self._seconds = seconds
        self._deadline = math.inf
        self.unreadable = 0
        """Records so far that another release wrote in a way that this one does not know; they are passed over."""
        self._decoder = msgspec.json.Decoder(Decision)
        address = f"file:{quote(str(path.absolute()))}?mode=ro"
        try:
            if not path.exists():
                raise LogMissing(
                    f"there is no decision log at {path}", hint="a router writes it from its first request on"
                )
            check_regular(path)
            patience = _BUSY_SECONDS if seconds is None else min(seconds, _BUSY_SECONDS)
            self._connection = sqlite3.connect(address, uri=True, timeout=patience, isolation_level=None)
        except (sqlite3.Error, OSError, NotRegular) as error:
            raise self._unavailable(error) from None
        if seconds is not None:
            self._connection.set_progress_handler(self._is_late, _STEPS)
        self._ready = False
        try:
            self._look()
        except LogUnavailable:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection; may be repeated."""
        self._connection.close()

    def get(self, wanted: str, client: str | None = None) -> Decision | None:
        """The decision with this id, else the newest of this request id; with `client` only among its own."""
        # The plus keeps SQLite from walking all that the client ever asked (sqlite.org/optoverview.html, section 2).
        own, owner = ("", []) if client is None else (" AND +client = ?", [client])
        for condition in (f"id = ?{own}", f"request_id = ?{own} ORDER BY at DESC, id DESC"):
            for decision in self._decoded(self._rows(f"{condition} LIMIT 1", [wanted, *owner])):
                return decision
        return None

    def page(self, filters: Filters | None = None, *, limit: int = 50, cursor: str | None = None) -> DecisionPage:
        """At most `limit` decisions (1 to `PAGE_CAP`), the newest first, from where the page with `cursor` ended.

        Raises `BadCursor`.
        """
        limit = max(1, min(limit, PAGE_CAP))
        conditions, values = _conditions(filters or Filters())
        if cursor is not None:
            place = _decode_cursor(cursor)
            conditions.append("(at, id) < (?, ?)")
            values += [place.at, place.id]
        rows = self._rows(f"{_all_of(conditions)} ORDER BY at DESC, id DESC LIMIT {limit + 1}", values)
        before = self.unreadable
        decisions = tuple(self._decoded(rows[:limit]))
        following = _encode_cursor(rows[limit - 1]) if len(rows) > limit else None
        return DecisionPage(decisions, following, self.unreadable - before)

    def iterate(self, filters: Filters | None = None) -> Iterator[Decision]:
        """Every decision, the oldest first; only some hundred of them are held in memory."""
        conditions, values = _conditions(filters or Filters())
        place: list[float | str] = []
        while True:
            wanted = [*conditions, "(at, id) > (?, ?)"] if place else conditions
            rows = self._rows(f"{_all_of(wanted)} ORDER BY at, id LIMIT {_CHUNK}", [*values, *place])
            yield from self._decoded(rows)
            if len(rows) < _CHUNK:
                return
            place = [rows[-1][0], rows[-1][1]]

    def _look(self) -> bool:
        """Whether there is a table to read; a router that has only just started may still be making it."""
        try:
            self._ready = self._version() > 0
        except (sqlite3.Error, NewerFile, ForeignFile) as error:
            raise self._unavailable(error) from None
        return self._ready

    def _version(self) -> int:
        try:
            return check_version(self._connection, self.path)
        except sqlite3.OperationalError as error:
            # Lost too many races against writers that come and go, which says nothing of the file.
            if error.sqlite_errorcode != sqlite3.SQLITE_PROTOCOL:
                raise
            return check_version(self._connection, self.path)

    def _rows(self, condition: str, values: list[float | str]) -> list[tuple[float, str, bytes]]:
        if self._seconds is not None:
            self._deadline = time.monotonic() + self._seconds
        if not (self._ready or self._look()):
            return []
        try:
            # The condition is put together in this file; what callers say is bound.
            return self._connection.execute(
                f"SELECT at, id, record FROM decisions WHERE {condition}",  # noqa: S608
                values,
            ).fetchall()
        except UnicodeEncodeError:  # what no decision can have been called
            return []
        except sqlite3.Error as error:
            raise self._unavailable(error) from None

    def _decoded(self, rows: list[tuple[float, str, bytes]]) -> Iterator[Decision]:
        for _, _, record in rows:
            try:
                yield self._decoder.decode(record)
            except (msgspec.DecodeError, UnicodeDecodeError):
                self.unreadable += 1

    def _is_late(self) -> bool:
        """Whether the statement that runs has had its time. SQLite asks, and ends it if so."""
        return time.monotonic() > self._deadline

    def _unavailable(self, error: Exception) -> LogUnavailable:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            return QuestionTooDear(
                f"the question is too dear: its answer takes longer than {self._seconds} s to find in {self.path}",
                hint="narrow it by `since`, `session` or `client`",
            )
        fault = diagnose(error, self.path)
        return LogUnavailable(f"the decision log cannot be read: {fault.message}", hint=fault.hint)


def _conditions(filters: Filters) -> tuple[list[str], list[float | str]]:
    columns = {
        "session = ?": filters.session,
        "client = ?": filters.client,
        "work_class = ?": filters.work_class,
        "tier = ?": filters.tier,
        "result = ?": filters.result,
        "intent = ?": filters.intent,
        "at >= ?": filters.since,
        "at < ?": filters.until,
    }
    wanted = {condition: value for condition, value in columns.items() if value is not None}
    return list(wanted), list(wanted.values())


def _all_of(conditions: list[str]) -> str:
    return " AND ".join(conditions) if conditions else "TRUE"


def _encode_cursor(row: tuple[float, str, bytes]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(_Place(row[0], row[1]))).decode()


def _decode_cursor(cursor: str) -> _Place:
    try:
        content = base64.b64decode(cursor[: CURSOR_CAP + 1], altchars=b"-_", validate=True)
        place = msgspec.json.decode(content, type=_Place)
        place.id.encode()
    except (ValueError, msgspec.DecodeError):
        place = None
    if place is None or len(cursor) > CURSOR_CAP or not math.isfinite(place.at):
        raise BadCursor("this cursor was not given out by this log", hint="begin again without a cursor")
    return place
