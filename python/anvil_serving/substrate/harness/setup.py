"""Settings of the router, written into a person's files, and taken out again as if they had never been there.

Nothing is written before everything is known to work. Writing once more starts from the files as they would be without
what was written before, so that it changes nothing where nothing has changed, and the first state is never forgotten.
"""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import msgspec
from msgspec import UNSET, Struct, UnsetType

from anvil_serving.errors import StartupError
from anvil_serving.files import FileTooLarge, NotRegular, read_file, write_file
from anvil_serving.layout import printable
from anvil_serving.substrate.document import (
    BrokenDocument,
    CannotEdit,
    Change,
    Place,
    SyntaxName,
    Value,
    canonical,
    changed,
    lookup,
    place_text,
    read,
    without,
)

from .record import FileRecord, Hollow, Made, Record, fingerprint, load, save

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .settings import SettingsFile, Setup

__all__ = ["MAX_FILE_BYTES", "FileOutcome", "undo", "write"]

MAX_FILE_BYTES: Final = 1024 * 1024
"""The largest settings file that is changed: those of people have a thousandth of it."""

Status = Literal["created", "changed", "unchanged", "restored", "removed", "absent"]


class FileOutcome(Struct, frozen=True, kw_only=True):
    """What became of a file, or would."""

    path: str
    syntax: SyntaxName
    status: Status
    set: tuple[str, ...] = ()
    """The places that say what they did not say before."""
    backup: str | None = None
    left: tuple[str, ...] = ()
    """Places of ours that somebody has changed since, and that stay as they are."""


class _Step(Struct, frozen=True, kw_only=True):
    """A file as it is and as it is to be."""

    path: Path
    current: bytes | None
    wanted: bytes | None
    is_own: bool
    """Whether it is as this program has left it: no backup is needed then."""
    outcome: FileOutcome
    record: FileRecord | None = None
    is_secret: bool = False


def write(setup: Setup, record_file: Path, *, dry_run: bool = False) -> tuple[FileOutcome, ...]:
    """Writes a harness's settings. Raises `StartupError` where a file is broken or cannot be written."""
    record = load(record_file) or Record(folders=_missing_folders(record_file))
    known = {file.path: file for file in record.files}
    steps = [_write_step(file, known.get(str(_resolved(file.path)))) for file in setup.files]
    if dry_run:
        return tuple(step.outcome for step in steps)
    known |= {str(step.path): cast("FileRecord", step.record) for step in steps}
    # First: what has been written can then be undone, whatever happens meanwhile.
    save(record_file, msgspec.structs.replace(record, files=tuple(known.values())))
    outcomes = []
    for step in steps:
        backup = _carry_out(step)
        if backup is not None:
            file = known[str(step.path)]
            known[str(step.path)] = msgspec.structs.replace(file, backups=(*file.backups, str(backup)))
        outcomes.append(msgspec.structs.replace(step.outcome, backup=None if backup is None else str(backup)))
    save(record_file, msgspec.structs.replace(record, files=tuple(known.values())))
    return tuple(outcomes)


def undo(record_file: Path, *, dry_run: bool = False) -> tuple[FileOutcome, ...]:
    """Takes out what `write` has written; nothing where it has written nothing."""
    record = load(record_file)
    if record is None:
        return ()
    steps = [_undo_step(file) for file in record.files]
    if dry_run:
        return tuple(step.outcome for step in steps)
    outcomes = []
    for step, file in zip(steps, record.files, strict=True):
        backup = _carry_out(step)
        outcomes.append(msgspec.structs.replace(step.outcome, backup=None if backup is None else str(backup)))
        _tidy(file, step)
    record_file.unlink(missing_ok=True)
    _remove_empty(record.folders)
    return tuple(outcomes)


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _write_step(file: SettingsFile, before: FileRecord | None) -> _Step:
    path = _resolved(file.path)
    current = _content(path)
    with _naming(path):
        base = current if before is None else _undone(current, before).content
        tree = read(base or b"", file.syntax)
        made, hollows = _to_make(file, tree)
        wanted = changed(base or b"", file.syntax, [Change(each.place, each.ours) for each in made])
        said: Value | UnsetType = UNSET if current is None else read(current, file.syntax)
        new = [each.place for each in made if said is UNSET or not _same(lookup(said, each.place), each.ours)]
    record = FileRecord(
        path=str(path),
        syntax=file.syntax,
        former=base,
        former_mode=before.former_mode if before is not None else _mode(path),
        written=fingerprint(wanted),
        meaning=fingerprint(canonical(read(wanted, file.syntax))),
        made=made,
        hollows=hollows,
        own=file.own if any(hollow.place == file.own for hollow in hollows) else (),
        backups=() if before is None else before.backups,
        folders=_missing_folders(path) or (() if before is None else before.folders),
    )
    status: Status = "created" if current is None else "unchanged" if current == wanted else "changed"
    return _Step(
        path=path,
        current=current,
        wanted=wanted,
        is_own=before is not None and current is not None and fingerprint(current) == before.written,
        outcome=FileOutcome(
            path=str(file.path), syntax=file.syntax, status=status, set=tuple(place_text(place) for place in new)
        ),
        record=record,
        is_secret=file.has_secret,
    )


def _to_make(file: SettingsFile, tree: Value) -> tuple[tuple[Made, ...], tuple[Hollow, ...]]:
    """The values to write into a file that says this, and what is hollow before that."""
    made: list[Made] = []
    hollows: dict[Place, Hollow] = {}
    for setting in file.settings:
        place = setting.place_in(tree)
        former = lookup(tree, place)
        if _same(former, setting.value) or (setting.if_absent and former is not UNSET):
            continue
        made.append(Made(place, setting.value, _kept(former, place), setting.if_absent))
        for length in range(1, len(place)):
            parent = lookup(tree, place[:length])
            if _is_hollow(parent):
                hollows[place[:length]] = Hollow(place[:length], parent)
    return tuple(made), tuple(hollows.values())


def _kept(former: Value | UnsetType, place: Place) -> Value | UnsetType:
    """A former value, if a record can hold it."""
    if former is not UNSET and not _same(msgspec.json.decode(canonical(former)), former, strictly=True):
        raise CannotEdit(f"{place_text(place)} holds something that cannot be put back")
    return former


# ── taking out ───────────────────────────────────────────────────────────────────────────────────────────────────────


class _Undone(Struct, frozen=True):
    content: bytes | None
    left: tuple[Place, ...] = ()
    gone: tuple[Place, ...] = ()


def _undo_step(file: FileRecord) -> _Step:
    path = Path(file.path)
    current = _content(path)
    with _naming(path):
        undone = _undone(current, file)
    status: Status = "restored"
    if undone.content is None:
        status = "absent" if current is None else "removed"
    elif undone.content == current:
        status = "unchanged"
    return _Step(
        path=path,
        current=current,
        wanted=undone.content,
        is_own=current is not None and fingerprint(current) == file.written,
        outcome=FileOutcome(
            path=file.path,
            syntax=file.syntax,
            status=status,
            set=tuple(place_text(place) for place in undone.gone),
            left=tuple(place_text(place) for place in undone.left),
        ),
    )


def _undone(current: bytes | None, file: FileRecord) -> _Undone:
    """The file without what was written; exactly the former one where nobody else has changed it since."""
    if current is None:
        return _Undone(None)
    if current == file.former:
        return _Undone(current)
    if fingerprint(current) == file.written:
        return _Undone(file.former, gone=tuple(each.place for each in file.made))
    tree = read(current, file.syntax)
    if fingerprint(canonical(tree)) == file.meaning and _is_plain_json(current):
        # The harness has written its file anew, as some do: nothing of a person's is lost with that.
        return _Undone(file.former, gone=tuple(each.place for each in file.made))
    content, left, gone = current, [], []
    # The last one first: the first of a list was written last.
    for each in reversed(_to_take_out(tree, file)):
        if not _same(lookup(tree, each.place), each.ours):
            left.append(each.place)
            continue
        content = changed(content, file.syntax, [_taken_out(tree, each, file.hollows)])
        tree = read(content, file.syntax)
        gone.append(each.place)
    is_nothing = file.former is None and b"".join(content.split()) in {b"", b"{}"}
    return _Undone(None if is_nothing else content, tuple(left), tuple(gone))


def _to_take_out(tree: Value, file: FileRecord) -> tuple[Made, ...]:
    """What was written; the router's own table as one, where nobody has changed what was written into it."""
    inside = [each for each in file.made if file.own and each.place[: len(file.own)] == file.own]
    if not inside or not all(each.is_default or _same(lookup(tree, each.place), each.ours) for each in inside):
        return file.made
    former = next(hollow.former for hollow in file.hollows if hollow.place == file.own)
    whole = Made(file.own, lookup(tree, file.own), former)
    return (*(each for each in file.made if each not in inside), whole)


def _is_plain_json(content: bytes) -> bool:
    """Whether it has no comments that could be lost."""
    try:
        msgspec.json.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    return True


def _taken_out(tree: Value, made: Made, hollows: tuple[Hollow, ...]) -> Change:
    """The change that puts back what was at a place; where its table was there for it alone, that goes with it."""
    if made.former is not UNSET:
        return Change(made.place, made.former)
    rest = without(tree, made.place) if lookup(tree, made.place) is not UNSET else tree
    for hollow in sorted(hollows, key=lambda hollow: len(hollow.place)):
        length = len(hollow.place)
        if length < len(made.place) and hollow.place == made.place[:length] and _is_hollow(lookup(rest, hollow.place)):
            return Change(hollow.place, hollow.former)
    return Change(made.place, UNSET)


def _tidy(file: FileRecord, step: _Step) -> None:
    """Removes what was left beside a file that is as it was, and gives the file its permissions back."""
    if step.wanted != file.former:
        return
    for backup in file.backups:
        with contextlib.suppress(OSError, NotRegular, FileTooLarge):
            if read_file(Path(backup), cap=MAX_FILE_BYTES) == file.former:
                Path(backup).unlink()
    if file.former_mode is not None and step.wanted is not None:
        with contextlib.suppress(OSError):
            step.path.chmod(file.former_mode)
    if step.wanted is None:
        _remove_empty(file.folders)


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise StartupError(
            f"{printable(str(path))} leads nowhere: {error}", hint="correct the link; nothing was written"
        ) from None


def _content(path: Path) -> bytes | None:
    try:
        return read_file(path, cap=MAX_FILE_BYTES)
    except FileNotFoundError:
        return None
    except (NotRegular, FileTooLarge) as error:
        raise StartupError(printable(str(error)), hint="this is no settings file; nothing was written") from None
    except OSError as error:
        raise StartupError(
            f"{printable(str(path))} cannot be read: {error.strerror or error}",
            hint="check the file and its permissions; nothing was written",
        ) from None


def _carry_out(step: _Step) -> Path | None:
    """Writes or removes a file; returns the backup that was made of it."""
    if step.wanted == step.current:
        return None
    if _content(step.path) != step.current:
        raise StartupError(
            f"{printable(str(step.path))} was changed by another program meanwhile",
            hint="end the harness, then run this once more",
        )
    if step.wanted is None:
        try:
            step.path.unlink()
        except OSError as error:
            raise StartupError(
                f"{printable(str(step.path))} cannot be removed: {error.strerror}", hint="check its permissions"
            ) from None
        return None
    if step.is_secret and step.current is not None:
        # Before the token is in it.
        step.path.chmod(stat.S_IMODE(step.path.stat().st_mode) & 0o700)
    existing = "refuse" if step.current is None else "replace" if step.is_own else "back_up"
    return write_file(step.path, step.wanted, existing=cast("Any", existing), mode=0o600)


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None


def _missing_folders(path: Path) -> tuple[str, ...]:
    missing = [str(folder) for folder in path.parents if not folder.exists()]
    return tuple(reversed(missing))


def _remove_empty(folders: tuple[str, ...]) -> None:
    with contextlib.suppress(OSError):
        for folder in reversed(folders):
            Path(folder).rmdir()


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Says of which file a fault is."""
    try:
        yield
    except (BrokenDocument, CannotEdit) as error:
        raise StartupError(f"{printable(str(path))}, {printable(str(error))}", hint=error.hint) from None


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _same(one: Value | UnsetType, other: Value | UnsetType, *, strictly: bool = False) -> bool:
    if one is UNSET or other is UNSET:
        return one is other
    if strictly:
        return one == other
    return canonical(one) == canonical(other)


def _is_hollow(value: Value | UnsetType) -> bool:
    """Whether there is nothing in it, however deep."""
    if isinstance(value, dict):
        return all(_is_hollow(member) for member in value.values())
    if isinstance(value, list):
        return all(_is_hollow(member) for member in value)
    return value is None or value is UNSET
