"""What a Hugging Face cache takes of the disk, repository by repository, and what of it holds on to what.

Its layout is described at huggingface_hub's "Manage your cache": `models--OWNER--NAME/` with `refs/NAME` (a commit
each), `snapshots/COMMIT/` (links) and `blobs/` (files; `*.incomplete` while one is downloaded), and `.locks/` beside
them. No link is ever followed to what would be counted or removed. huggingface_hub's own `scan_cache_dir` is not used:
it is an extra, gives up on a repository that is not whole, and counts a file by its length, not by what it takes.
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from anvil_serving.errors import AnvilError, StartupError
from anvil_serving.files import expanded, read_file
from anvil_serving.layout import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "LEFTOVER",
    "Item",
    "Piece",
    "Repository",
    "Storage",
    "items_of",
    "look_at_repository",
    "look_at_storage",
]

LEFTOVER: Final = ".anvil-serving-prune-"
"""How what is being removed is called meanwhile; one that an interrupted run left is removed by the next."""

_KINDS: Final = ("models", "datasets", "spaces")
_REF_CAP: Final = 200
_ITEMS_CAP: Final = 2_000_000
"""Files of a cache; a larger one is not looked at to its end, and then nothing of it is removed."""
_RECENT_SECONDS: Final = 3_600.0
"""A half of a download that was written within so long is one that goes on, whatever its lock says."""
_LOCK_SECONDS: Final = 600.0
"""A lock that was made within so long may be held where the disk knows no locks (NFS)."""


class CacheTooLarge(StartupError):
    """A cache has more files than are looked at."""


class Item(Struct, frozen=True):
    """One file or link: which one it is, and what it takes."""

    path: Path
    identity: tuple[int, int]
    """Device and inode: a file with two names is one."""
    names: int
    bytes: int
    """What it takes of the disk, which is less than its length where it has holes."""
    used_at: float
    is_link: bool


class Piece(Struct, frozen=True, kw_only=True):
    """Something of a repository that can go without the rest."""

    path: Path
    items: tuple[Item, ...]


class Repository(Struct, frozen=True, kw_only=True):
    """One repository of a cache."""

    id: str
    """Such as `Qwen/Qwen3-8B`."""
    kind: str
    """`models`, `datasets` or `spaces`."""
    path: Path
    items: tuple[Item, ...]
    half: tuple[Item, ...]
    """Halves of downloads."""
    detached: tuple[Piece, ...]
    """Revisions that no branch or tag means any more; each with the files that only it holds on to."""
    revisions: int
    used_at: float
    """When one of its files was last read or written, as the disk remembers: seconds since 1970."""
    is_downloading: bool
    problem: str | None = None
    """Why nothing of it can be removed, in words."""


class Storage(Struct, frozen=True, kw_only=True):
    """A cache."""

    path: Path
    repositories: tuple[Repository, ...]
    leftovers: tuple[Piece, ...] = ()
    """What an earlier run that was interrupted had begun to remove."""
    problems: tuple[str, ...] = ()


def look_at_storage(cache: Path) -> Storage:
    """All that is in a cache; one that is not there is empty. A link to it is followed, one in it is not.

    Raises `StartupError` where it cannot be read, is the whole disk or a home, or is too large to be looked at.
    """
    cache = Path(os.path.realpath(cache))
    if cache.parent == cache or cache == Path(os.path.realpath(expanded(Path("~")))):
        raise StartupError(f"{cache} is no cache of models", hint="check HF_HOME and HF_HUB_CACHE, or pass --cache")
    try:
        entries = sorted(os.scandir(cache), key=lambda entry: entry.name)
    except FileNotFoundError:
        return Storage(path=cache, repositories=())
    except OSError as error:
        raise StartupError(f"{cache} cannot be read: {error.strerror}", hint="check its permissions") from None
    repositories, leftovers, problems = [], [], []
    for entry in entries:
        path = cache / entry.name
        kind, _, name = entry.name.partition("--")
        if entry.name.startswith(LEFTOVER) and entry.is_dir(follow_symlinks=False):
            items, _ = items_of(path)
            leftovers.append(Piece(path=path, items=items))
        elif kind not in _KINDS or not name:
            continue
        elif entry.is_symlink():
            problems.append(f"{printable(entry.name)} is a link, and what it leads to is not this cache's")
        elif entry.is_dir(follow_symlinks=False):
            repositories.append(look_at_repository(cache, path))
    return Storage(path=cache, repositories=tuple(repositories), leftovers=tuple(leftovers), problems=tuple(problems))


def items_of(folder: Path) -> tuple[tuple[Item, ...], str | None]:
    """Every file and link below a folder, and why there may be more. No link is followed."""
    found: list[Item] = []
    problem = None
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    else:
                        found.append(_item(Path(entry.path), entry.stat(follow_symlinks=False)))
        except OSError as error:
            problem = f"{printable(place.name)} cannot be read: {error.strerror}"
        if len(found) > _ITEMS_CAP:
            raise CacheTooLarge(f"{folder} has more than {_ITEMS_CAP:,} files", hint="remove some of it by hand")
    return tuple(found), problem


def _item(path: Path, status: os.stat_result) -> Item:
    # Windows does not tell what a file takes.
    taken = status.st_blocks * 512 if hasattr(status, "st_blocks") else status.st_size
    return Item(
        path=path,
        identity=(status.st_dev, status.st_ino),
        names=status.st_nlink,
        bytes=taken,
        used_at=max(status.st_atime, status.st_mtime),
        is_link=stat.S_ISLNK(status.st_mode),
    )


def look_at_repository(cache: Path, path: Path) -> Repository:
    """One repository of a cache; empty where it is not there any more."""
    kind, _, name = path.name.partition("--")
    items, problem = items_of(path)
    for part in ("blobs", "refs", "snapshots"):
        if (path / part).is_symlink():
            problem = f"its {part} are elsewhere, behind a link"
    half = tuple(
        item for item in items if item.path.name.endswith(".incomplete") and item.path.parent == path / "blobs"
    )
    # Who looks for what a branch means, as this does, has not used the model.
    files = [item.used_at for item in items if not item.is_link and not item.path.is_relative_to(path / "refs")]
    revisions = _folders(path / "snapshots")
    return Repository(
        id=printable(name.replace("--", "/", 1)),
        kind=kind,
        path=path,
        items=items,
        half=half,
        detached=() if problem is not None else tuple(_detached(path, items, revisions)),
        revisions=len(revisions),
        used_at=max(files, default=0.0),
        is_downloading=_is_downloading(cache / ".locks" / path.name, half),
        problem=problem,
    )


def _detached(path: Path, items: tuple[Item, ...], revisions: list[Path]) -> Iterator[Piece]:
    meant = _meant(path / "refs")
    if meant is None:  # what is meant is not known, so all may be
        return
    kept = [revision for revision in revisions if revision.name in meant]
    going = [revision for revision in revisions if revision.name not in meant]
    # Without any ref, a person has made this by hand, or all of it was fetched by commit: then commits are meant.
    if not kept or not going:
        return
    held = {target for item in items if item.is_link and _is_below(item.path, kept) for target in _targets(item.path)}
    # A file that several repositories share is a link among the blobs; it goes, and what it leads to stays.
    blobs = {item.path: item for item in items if item.path.parent == path / "blobs"}
    taken: set[Path] = set()
    for revision in going:
        own = tuple(item for item in items if _is_below(item.path, [revision]))
        named = {target for item in own if item.is_link for target in _targets(item.path)} - held - taken
        # A file that two revisions that go both hold on to goes with the first.
        taken |= named
        yield Piece(path=revision, items=(*own, *(blobs[target] for target in sorted(named) if target in blobs)))


def _meant(refs: Path) -> set[str] | None:
    """The commits that branches and tags mean; None where one cannot be read."""
    items, problem = items_of(refs) if refs.is_dir() else ((), None)
    if problem is not None:
        return None
    try:
        return {read_file(item.path, cap=_REF_CAP).decode().strip() for item in items}
    except (OSError, ValueError, AnvilError):
        return None


def _targets(link: Path) -> set[Path]:
    """All that a link leads over: each link on its way, and where it ends. A circle ends where it began."""
    seen: set[Path] = set()
    place = link
    while place not in seen:
        seen.add(place)
        try:
            place = Path(os.path.normpath(place.parent / place.readlink()))
        except OSError:
            break
    return seen | {Path(os.path.realpath(link))}


def _is_below(path: Path, folders: list[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _folders(path: Path) -> list[Path]:
    try:
        return sorted(Path(entry.path) for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


def _is_downloading(locks: Path, half: tuple[Item, ...]) -> bool:
    now = time.time()
    if any(now - item.used_at < _RECENT_SECONDS for item in half):
        return True
    try:
        found = [Path(entry.path) for entry in os.scandir(locks) if entry.name.endswith(".lock")]
    except OSError:
        return False
    return any(_is_held(lock, now) for lock in found)


def _is_held(lock: Path, now: float) -> bool:
    """Whether somebody holds a lock, as far as can be known. One that nobody holds may stay there for ever."""
    try:
        status = lock.lstat()
        if now - status.st_mtime < _LOCK_SECONDS or not stat.S_ISREG(status.st_mode):
            return True
        descriptor = os.open(lock, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return True
    try:
        import fcntl  # noqa: PLC0415 - not on Windows

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:
        return False
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
