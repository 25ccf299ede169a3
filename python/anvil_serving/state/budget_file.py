"""The file that says what is used: SQLite, which several processes may change at once (docs/adr/0016).

`spent` has what attempts came to, `held` what is set aside for those that run, a row for each of the attempt's funds.
A hold counts in full while the process that made it shows itself in `workers`; afterwards as what its attempt has
probably come to, which is spent: nobody will tell any more.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import time
from typing import TYPE_CHECKING, Final

from anvil_serving.errors import AnvilError
from anvil_serving.state.budget import ESTIMATED_RATE, Amount, Balance, shortfall

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from anvil_serving.state.budget import Fund, Limit, Need, Shortfall

__all__ = ["LEASE_SECONDS", "SHOW_SECONDS", "BudgetFile", "UnusableFile", "Vanished"]

LEASE_SECONDS: Final = 60.0
"""How long a process that shows itself no more is believed to live."""
SHOW_SECONDS: Final = 10.0
"""How often a process shows itself while it holds anything: one that is dead was at work for no longer than that."""

_BUSY_SECONDS: Final = 2.0
"""How long SQLite waits for another process's transaction, which takes a millisecond."""
_PAUSE_SECONDS: Final = 0.01
_KEPT_SECONDS: Final = 86_400.0
"""How long what is over is kept: a clock that is set back by less finds what was used."""
_APPLICATION_ID: Final = 0x414E5642
"""`PRAGMA application_id` ("ANVB"): no other program's database is written to."""
_VERSION: Final = 1

_SCHEMA = (
    """CREATE TABLE spent (
        fund TEXT PRIMARY KEY NOT NULL,
        tokens INTEGER NOT NULL,
        nanos INTEGER NOT NULL,
        ends INTEGER NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE held (
        fund TEXT NOT NULL,
        hold TEXT NOT NULL,
        worker TEXT NOT NULL,
        at REAL NOT NULL,
        prompt_tokens INTEGER NOT NULL,
        prompt_nanos INTEGER NOT NULL,
        answer_tokens INTEGER NOT NULL,
        answer_nanos INTEGER NOT NULL,
        ends INTEGER NOT NULL,
        PRIMARY KEY (fund, hold)
    ) WITHOUT ROWID""",
    "CREATE INDEX held_by_hold ON held (hold)",
    "CREATE TABLE workers (id TEXT PRIMARY KEY NOT NULL, seen REAL NOT NULL) WITHOUT ROWID",
)

# One statement, and one row of each kind for a fund: SQLite gives the interpreter's lock up at each, and to get it back
# from a busy event loop takes up to 5 ms.
_LOOK = """
    SELECT fund, 0, tokens, nanos FROM spent WHERE fund IN ({funds})
    UNION ALL
    SELECT fund, is_live, sum(prompt_tokens + answer_tokens * part), sum(prompt_nanos + answer_nanos * part) FROM (
        SELECT *, iif(is_live, 1.0, min(1.0, {rate} * max(0.0, until - at) / max(answer_tokens, 1))) AS part FROM (
            SELECT
                held.*,
                coalesce(workers.seen + {lease} > :now, 0) AS is_live,
                coalesce(workers.seen + {show}, at) AS until
            FROM held LEFT JOIN workers ON workers.id = held.worker WHERE fund IN ({funds})
        )
    ) GROUP BY fund, is_live"""


class UnusableFile(AnvilError):
    """The file is no database of budgets, or one of a newer release."""

    fault = "operator"


class Vanished(Exception):
    """The file was removed, renamed or replaced while it was open."""


class BudgetFile:
    """The file as one process has it open. Not for two threads.

    Its errors are `UnusableFile`, `Vanished`, `OSError` and `sqlite3.Error`. What changes anything does so in a
    `transaction`.
    """

    def __init__(self, path: Path, worker: str) -> None:
        """`worker`: what this process is known by, unlike all others."""
        self.path = path
        self._worker = worker
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is done inside happens, or none of it; no other process is in one meanwhile."""
        connection = self._opened()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
            raise

    def look(self, funds: Sequence[Fund], now: float) -> dict[Fund, Balance]:
        """How these funds stand."""
        by_key = {fund.key: fund for fund in funds}
        names = {f"f{number}": key for number, key in enumerate(by_key)}
        listed = ", ".join(f":{name}" for name in names)
        # Only the names of parameters are put into the text.
        statement = _LOOK.format(funds=listed, lease=LEASE_SECONDS, show=SHOW_SECONDS, rate=ESTIMATED_RATE)
        found: dict[str, list[Amount]] = {key: [Amount(), Amount()] for key in by_key}
        for key, place, tokens, nanos in self._opened().execute(statement, names | {"now": now}).fetchall():
            found[key][place] += Amount(round(tokens), round(nanos))
        return {by_key[key]: Balance(*amounts) for key, amounts in found.items()}

    def set_aside(self, hold: str, limits: Sequence[Limit], need: Need, now: float) -> Shortfall | None:
        """Sets aside what an attempt may come to, in the funds of all limits; or in none, and returns why not."""
        funds = [limit.fund for limit in limits]
        lacking = shortfall(limits, self.look(funds, now), need.total)
        if lacking is not None:
            return lacking
        prompt, answer = need.prompt, need.answer
        rows = [
            (
                *(fund.key, hold, self._worker, now),
                *(prompt.tokens, prompt.nanos, answer.tokens, answer.nanos, fund.ends),
            )
            for fund in funds
        ]
        self._insert("INSERT INTO held VALUES {rows}", rows)
        return None

    def settle(self, hold: str, funds: Sequence[Fund], amount: Amount) -> None:
        """Gives back what was set aside, and charges what the attempt came to."""
        self._opened().execute("DELETE FROM held WHERE hold = ?", (hold,))
        if amount.tokens or amount.nanos:
            rows = [(fund.key, amount.tokens, amount.nanos, fund.ends) for fund in funds]
            self._insert(
                "INSERT INTO spent VALUES {rows} ON CONFLICT (fund) DO UPDATE SET "
                "tokens = tokens + excluded.tokens, nanos = nanos + excluded.nanos",
                rows,
            )

    def show(self, seen: float) -> None:
        """Notes that this process was alive then."""
        self._opened().execute(
            "INSERT INTO workers VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET seen = excluded.seen",
            (self._worker, seen),
        )

    def tidy(self, now: float) -> None:
        """Removes what is long over."""
        connection = self._opened()
        connection.execute("DELETE FROM spent WHERE ends < ?", (now - _KEPT_SECONDS,))
        connection.execute("DELETE FROM held WHERE ends < ?", (now - _KEPT_SECONDS,))
        connection.execute(
            "DELETE FROM workers WHERE seen < ? AND id NOT IN (SELECT worker FROM held)", (now - _KEPT_SECONDS,)
        )

    def check(self) -> None:
        """Opens the file if it is not open. Raises `Vanished` where another one, or none, is at its path by now."""
        if self._connection is None:
            self._connection = _connect(self.path)
            self._identity = _identity(self.path)
        elif _identity(self.path) != self._identity:
            self.close()
            raise Vanished

    def close(self) -> None:
        """Closes the file; `check` opens it again."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    def _insert(self, statement: str, rows: Sequence[tuple[str | float, ...]]) -> None:
        row = f"({', '.join('?' * len(rows[0]))})"
        values = [value for each in rows for value in each]
        self._opened().execute(statement.format(rows=", ".join([row] * len(rows))), values)

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RuntimeError("the file is used before it was checked")
        return self._connection


def _connect(path: Path) -> sqlite3.Connection:
    _make_folder(path.parent)
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(path.stat().st_mode):
            raise UnusableFile(f"{path} is no regular file", hint="set [router.budget] path to one")
    # Not left to SQLite, which would give it the mode that the umask allows. A file that is there is not opened: to
    # close it would take away the locks that this process has on it.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        # In a transaction: what is read is of one moment, though another worker may be making the tables.
        connection.execute("BEGIN")
        version = _version(connection, path)
        connection.execute("COMMIT")
        _switch_to_wal(connection)
        # What a power cut loses are the last moments' charges; a process that is killed loses none.
        connection.execute("PRAGMA synchronous = NORMAL")
        if version == 0:
            _create(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Has the file write ahead. Where several do so at once, SQLite itself does not wait for the others."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the tables; 0: there are none yet."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    if application != _APPLICATION_ID:
        if version or connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            raise UnusableFile(
                f"{path} is the database of another program", hint="set [router.budget] path to a file of its own"
            )
        return 0
    if version > _VERSION:
        raise UnusableFile(
            f"{path} was written by a newer release of anvil-serving",
            hint="update this one, or set [router.budget] path to another file",
        )
    return version


def _create(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another worker may have been faster.
        if _version(connection, path) == 0:
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _make_folder(folder: Path) -> None:
    """Makes a folder and its parents for this user alone."""
    if folder.is_dir():
        return
    if folder.parent != folder:
        _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
