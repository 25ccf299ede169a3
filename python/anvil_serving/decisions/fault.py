"""What keeps the log from being written or read, and what a person can do about it."""

from __future__ import annotations

import errno
import sqlite3
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from anvil_serving.files import NotRegular

from .table import ForeignFile, NewerFile

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Fault", "Kind", "diagnose"]

Kind = Literal["locked", "full", "forbidden", "misplaced", "unreachable", "corrupt", "failing", "refused", "unexpected"]

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
# `mkdir` says the one, whatever is below a file the other.
_NO_FOLDER = {errno.EEXIST, errno.ENOTDIR}
# The low byte is the kind of error (sqlite.org/rescode.html, "Primary Result Codes versus Extended Result Codes").
_PRIMARY = 0xFF
_ELSEWHERE = "or set [decisions] path to another place"
_KINDS: dict[int, Kind] = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_PROTOCOL: "locked",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_READONLY: "forbidden",
    sqlite3.SQLITE_PERM: "forbidden",
    sqlite3.SQLITE_CANTOPEN: "unreachable",
    sqlite3.SQLITE_IOERR: "failing",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "corrupt",
}


class Fault(Struct, frozen=True):
    """Why the log cannot be used at the moment."""

    kind: Kind
    message: str
    """What is wrong: a sentence without its full stop."""
    hint: str
    """What to do about it."""

    @property
    def lasting(self) -> bool:
        """Whether only another configuration or another release helps, so that to try again is of no use."""
        return self.kind == "refused"


def diagnose(error: Exception, path: Path) -> Fault:
    """What an error that was raised over the log at `path` means."""
    if isinstance(error, NewerFile | ForeignFile):
        return Fault("refused", str(error), error.hint or "")
    if isinstance(error, NotRegular):
        return Fault("misplaced", str(error), f"move it away, {_ELSEWHERE}")
    if isinstance(error, sqlite3.Error):
        # Errors that Python's module raises by itself have no code.
        code = getattr(error, "sqlite_errorcode", None)
        kind: Kind = "unexpected" if code is None else _KINDS.get(code & _PRIMARY, "unexpected")
        return _explained(kind, path, str(error))
    if isinstance(error, OSError):
        return _explained(_kind_of(error), path, error.strerror or str(error))
    return _explained("unexpected", path, f"{type(error).__name__}: {error}")


def _kind_of(error: OSError) -> Kind:
    if error.errno in _FULL:
        return "full"
    if error.errno in _NO_FOLDER:
        return "misplaced"
    return "forbidden" if error.errno in _FORBIDDEN else "unreachable"


def _explained(kind: Kind, path: Path, detail: str) -> Fault:
    sentences: dict[Kind, tuple[str, str]] = {
        "locked": (f"{path} is locked by another program", f"end that program: `fuser {path}` says which it is"),
        "full": (f"the disk that holds {path} is full", f"free some space, {_ELSEWHERE}"),
        "forbidden": (
            f"{path} may not be written ({detail})",
            f"give this user the right to write the file and its folder, {_ELSEWHERE}",
        ),
        "misplaced": (
            f"{path} cannot be made: a file lies where a folder should ({detail})",
            f"move that file away, {_ELSEWHERE}",
        ),
        "unreachable": (
            f"{path} cannot be opened ({detail})",
            f"make its folder one that can be written, {_ELSEWHERE}",
        ),
        "corrupt": (f"{path} is damaged ({detail})", f"move it aside, {_ELSEWHERE}"),
        "failing": (
            f"{path} cannot be written ({detail})",
            f"look at the disk, its quota and the limit of file sizes (`ulimit -f`), {_ELSEWHERE}",
        ),
        "unexpected": (f"{path} cannot be used ({detail})", "please report this: it is a defect of anvil-serving"),
    }
    return Fault(kind, *sentences[kind])
