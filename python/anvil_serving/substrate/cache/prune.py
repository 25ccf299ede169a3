"""What of a cache may go: chosen first, as a value, and removed then, each piece whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from anvil_serving.layout import printable

from .storage import LEFTOVER, Item, Piece, Repository, Storage, items_of, look_at_repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .use import Uses

__all__ = ["Candidate", "Kept", "Plan", "PruneWishes", "Report", "Summary", "plan_of", "prune"]

Reason = Literal["chosen", "detached revision", "half download", "leftover"]


class PruneWishes(Struct, frozen=True, kw_only=True):
    """Which repositories may go as a whole; without a wish, none."""

    repositories: tuple[str, ...] = ()
    """Patterns of names."""
    used_before: float | None = None
    """Seconds since 1970: those that were last used earlier."""
    larger_than_bytes: int | None = None
    protected: tuple[str, ...] = ()
    """Names of those that stay, whatever else is wished."""
    everything: bool = False
    """All that nothing uses."""

    @property
    def names_any(self) -> bool:
        """Whether whole repositories are wished for at all."""
        limits = (self.used_before, self.larger_than_bytes)
        return self.everything or bool(self.repositories) or any(limit is not None for limit in limits)

    def fits(self, repository: Repository, taken: int) -> bool:
        """Whether a repository is one of those."""
        name = repository.id.lower()
        return self.names_any and all(
            (
                not self.repositories or any(fnmatchcase(name, wanted.lower()) for wanted in self.repositories),
                self.used_before is None or repository.used_at < self.used_before,
                self.larger_than_bytes is None or taken > self.larger_than_bytes,
            )
        )


class Candidate(Struct, frozen=True, kw_only=True):
    """Something that would go."""

    id: str
    reason: Reason
    reclaimable_bytes: int
    """What the disk has more without it, as long as nothing else of the plan goes."""
    local_path: str
    used_at: float


class Kept(Struct, frozen=True, kw_only=True):
    """A repository that stays, though a part of it or all was wished away."""

    id: str
    reason: str
    bytes: int


class Summary(Struct, frozen=True, kw_only=True):
    """A repository of the cache."""

    id: str
    kind: str
    bytes: int
    """What the disk would have more without it."""
    used_at: float
    revisions: int
    used_by: str | None


class Plan(Struct, frozen=True, kw_only=True):
    """What would go, and what stays."""

    cache: str
    repositories: tuple[Summary, ...]
    """All that the cache has, the largest first."""
    candidates: tuple[Candidate, ...]
    kept: tuple[Kept, ...]
    protected: tuple[str, ...]
    """Of the names that are to be protected, those that the cache has."""
    total_bytes: int
    """What the cache takes now."""
    total_reclaimable_bytes: int
    problems: tuple[str, ...]


class Report(Struct, frozen=True, kw_only=True):
    """What has gone."""

    dry_run: bool
    deleted: tuple[str, ...] = ()
    reclaimed_bytes: int = 0
    skipped: tuple[Kept, ...] = ()


class _Removal(Struct, frozen=True):
    candidate: Candidate
    pieces: tuple[Piece, ...]


def plan_of(storage: Storage, uses: Uses, wishes: PruneWishes) -> Plan:
    """The plan for a cache."""
    return _plan(storage, uses, wishes)[0]


def prune(
    storage: Storage, uses: Uses, wishes: PruneWishes, say: Callable[[str, float | None], None]
) -> tuple[Plan, Report]:
    """Carries the plan out. Each repository is looked at once more before it goes: a download may have begun."""
    plan, removals = _plan(storage, uses, wishes)
    deleted: list[str] = []
    skipped: list[Kept] = []
    freed = 0
    for number, removal in enumerate(removals):
        candidate = removal.candidate
        say(f"removing {printable(candidate.id)} ({candidate.reason})", number / len(removals))
        problem = _why_not_now(storage, removal)
        gone, problem = (0, problem) if problem is not None else _remove(storage.path, removal.pieces)
        freed += gone
        if problem is None:
            deleted.append(f"{candidate.id} ({candidate.reason})" if candidate.reason != "chosen" else candidate.id)
        else:
            skipped.append(Kept(id=candidate.id, reason=problem, bytes=max(0, candidate.reclaimable_bytes - gone)))
    report = Report(dry_run=False, deleted=tuple(deleted), reclaimed_bytes=freed, skipped=tuple(skipped))
    return plan, report


def _plan(storage: Storage, uses: Uses, wishes: PruneWishes) -> tuple[Plan, list[_Removal]]:
    protected = {name.lower() for name in wishes.protected}
    removals = [_leftover(piece) for piece in storage.leftovers]
    kept: list[Kept] = []
    summaries: list[Summary] = []
    for repository in storage.repositories:
        taken, user = _freed(repository.items), uses.of(repository)
        stays = _why_it_stays(repository, user, protected)
        summaries.append(_summary(repository, taken, user))
        wished = repository.kind == "models" and wishes.fits(repository, taken)
        if stays is None and wished:
            removals.append(_whole(repository, taken))
        elif repository.problem is None and not repository.is_downloading:
            # What nobody can use any more, even of a repository that is used.
            removals += _parts(repository, uses)
        if stays is not None and (wished or repository.problem is not None or repository.is_downloading):
            kept.append(Kept(id=repository.id, reason=stays, bytes=taken))
    removals.sort(key=lambda removal: (-removal.candidate.reclaimable_bytes, removal.candidate.local_path))
    everything = [item for repository in storage.repositories for item in repository.items]
    going = [item for removal in removals for piece in removal.pieces for item in piece.items]
    plan = Plan(
        cache=printable(str(storage.path)),
        repositories=tuple(sorted(summaries, key=lambda one: (-one.bytes, one.id))),
        candidates=tuple(removal.candidate for removal in removals),
        kept=tuple(kept),
        protected=tuple(sorted(one.id for one in storage.repositories if one.id.lower() in protected)),
        total_bytes=_freed(everything, counts_all=True),
        total_reclaimable_bytes=_freed(going),
        problems=storage.problems,
    )
    return plan, removals


def _summary(repository: Repository, taken: int, user: str | None) -> Summary:
    return Summary(
        id=repository.id,
        kind=repository.kind,
        bytes=taken,
        used_at=repository.used_at,
        revisions=repository.revisions,
        used_by=user,
    )


def _why_it_stays(repository: Repository, user: str | None, protected: set[str]) -> str | None:
    if repository.problem is not None:
        return repository.problem
    if repository.is_downloading:
        return "a download is in progress, or was within the hour"
    if repository.id.lower() in protected:
        return "protected"
    return None if user is None else f"used by {user}"


def _leftover(piece: Piece) -> _Removal:
    candidate = Candidate(
        id=printable(piece.path.name),
        reason="leftover",
        reclaimable_bytes=_freed(piece.items),
        local_path=printable(str(piece.path)),
        used_at=max((item.used_at for item in piece.items), default=0.0),
    )
    return _Removal(candidate, (piece,))


def _whole(repository: Repository, taken: int) -> _Removal:
    candidate = Candidate(
        id=repository.id,
        reason="chosen",
        reclaimable_bytes=taken,
        local_path=printable(str(repository.path)),
        used_at=repository.used_at,
    )
    return _Removal(candidate, (Piece(path=repository.path, items=repository.items),))


def _parts(repository: Repository, uses: Uses) -> Iterator[_Removal]:
    for piece in repository.detached:
        if uses.of_piece(piece) is None:
            yield _part(repository, "detached revision", piece.path, (piece,))
    pieces = tuple(Piece(path=item.path, items=(item,)) for item in repository.half)
    if pieces and not any(uses.of_piece(piece) for piece in pieces):
        yield _part(repository, "half download", repository.path / "blobs", pieces)


def _part(repository: Repository, reason: Reason, path: Path, pieces: tuple[Piece, ...]) -> _Removal:
    items = [item for piece in pieces for item in piece.items]
    candidate = Candidate(
        id=repository.id,
        reason=reason,
        reclaimable_bytes=_freed(items),
        local_path=printable(str(path)),
        used_at=max((item.used_at for item in items), default=0.0),
    )
    return _Removal(candidate, pieces)


def _freed(items: Iterable[Item], *, counts_all: bool = False) -> int:
    """What the disk has more once these are gone: a file with another name elsewhere frees nothing."""
    found: dict[tuple[int, int], tuple[Item, int]] = {}
    for item in items:
        found[item.identity] = (item, found.get(item.identity, (item, 0))[1] + 1)
    return sum(item.bytes for item, names in found.values() if counts_all or names >= item.names)


def _why_not_now(storage: Storage, removal: _Removal) -> str | None:
    """Why what was planned is not to be done any more: the repository is looked at once more."""
    before = next((one for one in storage.repositories if removal.pieces[0].path.is_relative_to(one.path)), None)
    if before is None:  # a leftover
        return None
    now = look_at_repository(storage.path, before.path)
    if now.problem is not None or now.is_downloading:
        return now.problem or "a download has begun"
    # What an earlier removal of this run has taken may be missing; what is new was not looked at.
    if {item.path for item in now.items} - {item.path for item in before.items}:
        return "something has come to it since it was looked at"
    return None


def _remove(cache: Path, pieces: tuple[Piece, ...]) -> tuple[int, str | None]:
    """Removes pieces; what was freed, and what went wrong."""
    freed, problem = 0, None
    for piece in pieces:
        doomed = cache / f"{LEFTOVER}{os.getpid()}-{piece.path.name}"
        try:
            _remove_piece(piece, doomed)
        except (OSError, RecursionError) as error:
            problem = printable(getattr(error, "strerror", None) or f"{error}")
        left = {item.identity for item in items_of(doomed)[0]} if doomed.is_dir() else set()
        gone = (item for item in piece.items if item.identity not in left and not os.path.lexists(item.path))
        freed += _freed(gone)
    return freed, problem


def _remove_piece(piece: Piece, doomed: Path) -> None:
    _check_place(piece.path)
    if piece.path.is_symlink() or not piece.path.is_dir():
        piece.path.unlink(missing_ok=True)
        return
    if piece.path.name.startswith(LEFTOVER):
        doomed = piece.path
    else:
        # Out of the way at one stroke: what is used by its name is whole or gone, also if this is interrupted.
        piece.path.rename(doomed)
    # Does not follow links, also where one is put there meanwhile (`shutil.rmtree.avoids_symlink_attacks`).
    shutil.rmtree(doomed)
    for item in piece.items:
        if not item.path.is_relative_to(piece.path):
            _check_place(item.path)
            item.path.unlink(missing_ok=True)


def _check_place(path: Path) -> None:
    """Raises `OSError` where a link has come into the way to something since it was looked at."""
    if Path(os.path.realpath(path.parent)) != path.parent:
        raise OSError(errno.ELOOP, "it is reached over a link now")
