"""The table that decisions lie in: its shape, its version, and how it is opened for writing."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from typing import TYPE_CHECKING, Final

import msgspec

from anvil_serving.errors import AnvilError
from anvil_serving.files import check_regular

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .record import Decision

__all__ = [
    "APPLICATION_ID",
    "SCHEMA_VERSION",
    "ForeignFile",
    "NewerFile",
    "Row",
    "check_version",
    "connect",
    "insert",
    "rollback",
    "row",
]

SCHEMA_VERSION: Final = 1
"""`PRAGMA user_version` of what this code writes. A newer file is refused, an older one will be brought up to date."""

APPLICATION_ID: Final = 0x414E5644
"""`PRAGMA application_id` ("ANVD"): nothing is written into, or removed from, another program's database."""

BUSY_SECONDS: Final = 0.5
"""How long SQLite itself waits for another writer. Several workers take turns within milliseconds."""

JOURNAL_BYTES: Final = 4 * 1024 * 1024
"""The write-ahead log is worked into the file when it is as long, and cut to it if a long reader let it grow."""

PAGE_BYTES: Final = 8192
"""A decision takes 1 to 2 kB and must not span pages: with SQLite's own 4096 each would waste half a page."""

RECORD_CAP: Final = 64 * 1024
"""Bytes of a record at most: what is larger is none that this router makes of any request."""

_COLUMNS = (
    "id",
    "at",
    "request_id",
    "session",
    "client",
    "work_class",
    "tier",
    "result",
    "intent",
    "record",
)

# `at, id` is the order of every page. The other filters walk that index: classes, tiers and results are few, so that
# an index of their own would cost every write and help few readers.
_SCHEMA = (
    """CREATE TABLE decisions (
        id TEXT PRIMARY KEY NOT NULL,
        at REAL NOT NULL,
        request_id TEXT NOT NULL,
        session TEXT,
        client TEXT,
        work_class TEXT NOT NULL,
        tier TEXT,
        result TEXT NOT NULL,
        intent TEXT NOT NULL,
        record BLOB NOT NULL
    )""",
    "CREATE INDEX decisions_by_time ON decisions (at, id)",
    "CREATE INDEX decisions_by_session ON decisions (session, at, id) WHERE session IS NOT NULL",
    # A client's page must not cost more the more others ask.
    "CREATE INDEX decisions_by_client ON decisions (client, at, id) WHERE client IS NOT NULL",
    "CREATE INDEX decisions_by_request ON decisions (request_id)",
)

_STATEMENT_ROWS = (64, 8, 1)
_INSERTS = {
    rows: f"INSERT INTO decisions ({', '.join(_COLUMNS)}) VALUES "  # noqa: S608 - the columns above and nothing else
    + ", ".join([f"({', '.join('?' * len(_COLUMNS))})"] * rows)
    + " ON CONFLICT (id) DO NOTHING"
    for rows in _STATEMENT_ROWS
}

Row = tuple[str | float | bytes | None, ...]

_encoder = msgspec.json.Encoder()


class NewerFile(AnvilError):
    """The log was written by a newer release, whose table this one does not know."""

    fault = "operator"


class ForeignFile(AnvilError):
    """The file is a database, but of another program."""

    fault = "operator"


def row(decision: Decision) -> Row:
    """What is stored of a decision.

    `ValueError` where its text is no Unicode (a lone surrogate), or it is larger than `RECORD_CAP`.
    """
    record = _encoder.encode(decision)
    if len(record) > RECORD_CAP:
        raise ValueError(f"a record of {len(record)} bytes is larger than {RECORD_CAP}")
    return (
        decision.id,
        decision.at,
        decision.request_id,
        decision.session,
        decision.client,
        decision.work_class,
        decision.tier,
        decision.result,
        decision.intent,
        record,
    )


def connect(path: Path) -> sqlite3.Connection:
    """Opens the log for writing; makes it and its folder where they are not there.

    Raises `NewerFile`, `ForeignFile`, `NotRegular`, `OSError` and `sqlite3.Error`. The connection commits by itself
    unless a transaction is begun, and belongs to the calling thread.
    """
    _make_folder(path.parent)
    with contextlib.suppress(FileNotFoundError):
        check_regular(path)
    # Not left to SQLite, which would give it the mode that the umask allows. Its journal gets the file's mode. A file
    # that is there is not opened: to close it would take away the locks that this process has on it.
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        # Before the first page is written; afterwards these are properties of the file.
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        # FULL and not INCREMENTAL: the pages that a removal frees are given back in its own transaction, in one go. The
        # pragma for it yields at every page, which costs the interpreter's lock each time, see `insert`.
        connection.execute("PRAGMA auto_vacuum = FULL")
        version = check_version(connection, path)
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {JOURNAL_BYTES // PAGE_BYTES}").fetchall()
        connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_BYTES}").fetchall()
        if version == 0:
            _create(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def check_version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the table, 0 where there is none yet. Raises `NewerFile` and `ForeignFile`."""
    # In one statement: between two, another worker may make the table.
    version, application, tables = connection.execute(
        "SELECT (SELECT user_version FROM pragma_user_version), "
        "(SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)"
    ).fetchone()
    if application != APPLICATION_ID:
        if tables or version:
            raise ForeignFile(
                f"{path} is the database of another program", hint="set [decisions] path to a file of its own"
            )
        return 0
    if version > SCHEMA_VERSION:
        raise NewerFile(
            f"{path} was written by a newer release of anvil-serving",
            hint="update this one, or set [decisions] path to another file",
        )
    return int(version)


def _create(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another worker may have been faster.
        if check_version(connection, path) == 0:
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        rollback(connection)
        raise


def insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Writes rows in one transaction: all of them or none. A row whose id is there already is left as it is.

    Few statements of many rows: SQLite gives the interpreter lock up for each statement, and to get it back from a
    busy event loop takes up to 5 ms (`sys.getswitchinterval`), so `executemany` would need 1.3 s for 256 rows.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        at = 0
        while at < len(rows):
            size = next(size for size in _STATEMENT_ROWS if size <= len(rows) - at)
            values = [value for entry in rows[at : at + size] for value in entry]
            connection.execute(_INSERTS[size], values)
            at += size
        connection.execute("COMMIT")
    except BaseException:
        rollback(connection)
        raise


def rollback(connection: sqlite3.Connection) -> None:
    """Ends a transaction that failed; SQLite may have ended it by itself."""
    if connection.in_transaction:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def _make_folder(folder: Path) -> None:
    """Makes a folder and its parents for this user alone, as the XDG Base Directory Specification wants it."""
    if folder.is_dir():
        return
    if folder.parent != folder:
        _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
