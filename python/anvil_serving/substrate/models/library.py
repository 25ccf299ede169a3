"""The library: a folder with a page and a JSON file for each model, and an index; and what changed since last time."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from anvil_serving.errors import AnvilError, StartupError
from anvil_serving.files import Existing, check_regular, own_folder, read_file, write_file
from anvil_serving.layout import printable

from .card import ModelCard
from .hub_lookup import HubAnswer, answer_of, completed
from .page import MARK, card_page, index_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from .scan import Scan

__all__ = [
    "Change",
    "Library",
    "LibraryChanges",
    "Written",
    "changes_between",
    "default_library",
    "file_stems",
    "read_library",
    "sync",
    "with_what_the_hub_said",
    "write_library",
]

INDEX_CAP: Final = 256 * 1024 * 1024
"""Bytes of an index; a card takes 3 kB."""

_FORMAT: Final = 1
_INDEX: Final = "INDEX.json"
_NAME_CAP: Final = 120
_JSON_BEGINNING: Final = b'{\n  "name"'
_BEGINNING: Final = len(_JSON_BEGINNING)


class Library(Struct, frozen=True, kw_only=True):
    """What `INDEX.json` holds."""

    format: int = _FORMAT
    synced_at: str
    """ISO 8601."""
    cards: tuple[ModelCard, ...]


class Change(Struct, frozen=True):
    """A model that is not what it was."""

    name: str
    members: tuple[str, ...]
    """Members of its card that differ."""


class LibraryChanges(Struct, frozen=True, kw_only=True):
    """What is different from last time."""

    new: tuple[str, ...]
    changed: tuple[Change, ...]
    gone: tuple[str, ...]
    unchanged: int


class Written(Struct, frozen=True, kw_only=True):
    """What a sync did."""

    folder: str
    synced_at: str
    models: int
    changes: LibraryChanges
    backups: tuple[str, ...]
    """What was somebody else's, and is kept under these names."""
    problems: tuple[str, ...]
    """What could not be looked at or asked for."""


def default_library(environment: Mapping[str, str]) -> Path:
    """`anvil-serving/models` in the user's data folder (XDG Base Directory Specification)."""
    return own_folder(environment, "XDG_DATA_HOME") / "models"


def read_library(folder: Path) -> Library | None:
    """What the last sync wrote; None where there was none, or what is there is no index of this version."""
    try:
        library = msgspec.json.decode(read_file(folder / _INDEX, cap=INDEX_CAP), type=Library)
    except (AnvilError, OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return library if library.format == _FORMAT else None


def sync(
    folder: Path,
    found: Scan,
    synced_at: str,
    ask: Callable[[Sequence[ModelCard]], tuple[tuple[ModelCard, ...], tuple[str, ...]]] | None = None,
) -> Written:
    """Writes what was found, and says what is different from last time. `ask` completes cards, as `ask_the_hub` does.

    Raises `StartupError` where the folder cannot be written.
    """
    before = read_library(folder)
    cards, unanswered = (with_what_the_hub_said(found.cards, before), tuple[str, ...]())
    if ask is not None:
        cards, unanswered = ask(cards)
    backups = write_library(folder, Library(synced_at=synced_at, cards=cards), before)
    return Written(
        folder=printable(str(folder)),
        synced_at=synced_at,
        models=len(cards),
        changes=changes_between(before.cards if before else (), cards),
        backups=tuple(printable(str(backup)) for backup in backups),
        problems=(*found.problems, *unanswered),
    )


def with_what_the_hub_said(cards: Sequence[ModelCard], before: Library | None) -> tuple[ModelCard, ...]:
    """Cards with what the Hub said at an earlier time, where the files of the same revision still do not say it."""
    known = {
        (card.name, card.path, card.revision): answer_of(card)
        for card in (before.cards if before else ())
        if set(card.from_hub) <= set(HubAnswer.__struct_fields__)
    }
    nothing = HubAnswer()
    return tuple(completed(card, known.get((card.name, card.path, card.revision), nothing)) for card in cards)


def write_library(folder: Path, library: Library, before: Library | None) -> tuple[Path, ...]:
    """Writes pages, JSON files and the index. Returns backups of what was somebody else's.

    Nothing is written outside of `folder`, also where something in it is a link. Pages of models that are gone are
    removed if a sync wrote them. Raises `StartupError`.
    """
    stems = file_stems(library.cards)
    pages = {card: f"cards/{stem}.md" for card, stem in stems.items()}
    backups: list[Path | None] = []
    for card, stem in stems.items():
        backups.append(_put(folder, pages[card], card_page(card).encode()))
        backups.append(_put(folder, f"cards/{stem}.json", _json(card)))
    backups.append(_put(folder, "INDEX.md", index_page(library.cards, pages, library.synced_at).encode()))
    backups.append(_put(folder, _INDEX, _json(library)))
    if before is not None:
        for stem in set(file_stems(before.cards).values()) - set(stems.values()):
            _remove(folder, folder / "cards" / f"{stem}.md", MARK.encode())
            _remove(folder, folder / "cards" / f"{stem}.json", _JSON_BEGINNING)
    return tuple(backup for backup in backups if backup is not None)


def _json(value: Struct) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value)) + b"\n"


def changes_between(before: Sequence[ModelCard], now: Sequence[ModelCard]) -> LibraryChanges:
    """What is new, changed and gone. A model is the same if its name and its place are."""
    old, new = ({_place(card): card for card in cards} for cards in (before, now))
    both = [(old[place], new[place]) for place in sorted(new) if place in old]
    changed = tuple(Change(was.name, members) for was, card in both if (members := _differing(was, card)))
    return LibraryChanges(
        new=tuple(new[place].name for place in sorted(new) if place not in old),
        changed=changed,
        gone=tuple(old[place].name for place in sorted(old) if place not in new),
        unchanged=len(both) - len(changed),
    )


def _place(card: ModelCard) -> tuple[str, str]:
    # The folder of a snapshot has the revision in its name, and a new revision is a change of the same model.
    return card.name, card.path if card.revision is None else card.path.replace(card.revision, "*", 1)


def _differing(was: ModelCard, card: ModelCard) -> tuple[str, ...]:
    return tuple(name for name in card.__struct_fields__ if getattr(was, name) != getattr(card, name))


def file_stems(cards: Sequence[ModelCard]) -> dict[ModelCard, str]:
    """A file name for each card, the same every time, of harmless letters only, and of no two cards the same.

    `OWNER/NAME:TAG` becomes `OWNER__NAME@TAG`. A name that this does not turn back into, and one that two cards share
    (also where capitals make the difference, which some file systems do not see), has a hash behind it.
    """
    plain = {card: _plain_stem(card.name) for card in cards}
    often = Counter(stem.lower() for stem in plain.values())
    return {
        card: stem if _turns_back(stem, card.name) and often[stem.lower()] == 1 else f"{stem}-{_hash(card)}"
        for card, stem in plain.items()
    }


def _plain_stem(name: str) -> str:
    stem = name.replace("/", "__").replace(":", "@")
    return re.sub(r"[^A-Za-z0-9._@-]", "_", stem)[:_NAME_CAP].lstrip(".-") or "model"


def _turns_back(stem: str, name: str) -> bool:
    return stem.replace("__", "/").replace("@", ":") == name


def _hash(card: ModelCard) -> str:
    return hashlib.sha256(f"{card.name}\0{card.path}".encode(errors="surrogatepass")).hexdigest()[:12]


def _put(folder: Path, name: str, content: bytes) -> Path | None:
    path = folder / name
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # links in a circle
        inside = False
    if not inside:
        raise StartupError(
            f"{printable(str(path))} is a link that leads out of its folder, or nowhere",
            hint="remove the link, or name another folder with --out",
        )
    existing: Existing = "replace" if _begins(path, content[:_BEGINNING]) else "back_up"
    return write_file(path, content, existing=existing)


def _remove(folder: Path, path: Path, beginning: bytes) -> None:
    with contextlib.suppress(OSError):
        if path.parent.resolve() == folder.resolve() / "cards" and _begins(path, beginning[:_BEGINNING]):
            path.unlink()


def _begins(path: Path, beginning: bytes) -> bool:
    """Whether a sync wrote this file: what it writes begins like nothing that a person writes."""
    try:
        check_regular(path)
        with path.open("rb") as file:
            return file.read(len(beginning)) == beginning
    except (AnvilError, OSError):
        return False
