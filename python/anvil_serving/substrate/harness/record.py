"""What was in a person's files before the router's settings, kept until they are taken out again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import UNSET, Struct

from anvil_serving.errors import StartupError
from anvil_serving.files import FileTooLarge, NotRegular, read_file, write_file
from anvil_serving.layout import printable
from anvil_serving.substrate.document import Place, SyntaxName

if TYPE_CHECKING:
    from pathlib import Path

    from .table import HarnessName

__all__ = ["FileRecord", "Hollow", "Made", "Record", "fingerprint", "load", "record_path", "save"]

_SCHEMA: Final = "anvil-serving.harness/v1"
_MAX_BYTES: Final = 16 * 1024 * 1024
"""Of a record: the files that it holds have a MiB each."""


class Made(Struct, frozen=True):
    """A value that was written, and what was there before; `UNSET`: nothing."""

    place: Place
    ours: Any = UNSET
    former: Any = UNSET
    is_default: bool = False
    """Written because something has to be there, and the harness may change it by itself."""


class Hollow(Struct, frozen=True):
    """A table or list that was empty or not there, and holds what was written."""

    place: Place
    former: Any = UNSET


class FileRecord(Struct, frozen=True, kw_only=True):
    """One file."""

    path: str
    """Without links."""
    syntax: SyntaxName
    former: bytes | None
    """The whole file before; None: there was none."""
    former_mode: int | None
    written: str
    """The fingerprint of the file as it was written."""
    meaning: str
    """The same of what it then said."""
    made: tuple[Made, ...]
    hollows: tuple[Hollow, ...] = ()
    own: Place = ()
    """The table that goes as a whole; empty: none does."""
    backups: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    """Those that were made for it, the outermost first."""


class Record(Struct, frozen=True, kw_only=True):
    """All files of one harness."""

    schema: str = _SCHEMA
    files: tuple[FileRecord, ...] = ()
    folders: tuple[str, ...] = ()
    """Those that were made for the record itself."""


def record_path(state: Path, harness: HarnessName) -> Path:
    """Where the record of a harness is; `state` is the program's folder for such things."""
    return state / "harness" / f"{harness}.json"


def fingerprint(content: bytes) -> str:
    """What tells one content from another."""
    return hashlib.sha256(content).hexdigest()


def load(path: Path) -> Record | None:
    """The record, if there is one. Raises `StartupError` where it cannot be used."""
    try:
        record = msgspec.json.decode(read_file(path, cap=_MAX_BYTES), type=Record)
    except FileNotFoundError:
        return None
    except (OSError, NotRegular, FileTooLarge, msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _unusable(path, str(error)) from None
    if record.schema != _SCHEMA:
        raise _unusable(path, "it is of another release")
    return record


def save(path: Path, record: Record) -> None:
    """Writes it; it may hold what is secret, and nobody else may read it."""
    write_file(path, msgspec.json.format(msgspec.json.encode(record)), existing="replace", mode=0o600)


def _unusable(path: Path, reason: str) -> StartupError:
    return StartupError(
        f"the record {printable(str(path))} of what was changed cannot be used: {printable(reason)}",
        hint="take the settings out by hand (backups lie beside each file as NAME.bak), then remove the record",
    )
