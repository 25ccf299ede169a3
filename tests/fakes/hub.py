"""A Hugging Face cache as huggingface_hub lays it out: blobs, and revisions of relative links to them."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["A", "B", "HubCache"]

A, B = "a" * 40, "b" * 40
BLOCK = 4096


class HubCache:
    """A cache that can be filled. Everything in it was last read long ago, unless a test touches it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def repository(self, name: str, kind: str = "models") -> Path:
        return self.path / f"{kind}--{name.replace('/', '--')}"

    def revision(self, name: str, commit: str, files: dict[str, tuple[str, int]], *, kind: str = "models") -> Path:
        """A revision: for each of its files the name of the blob and the number of blocks that it takes."""
        repository = self.repository(name, kind)
        snapshot = repository / "snapshots" / commit
        snapshot.mkdir(parents=True)
        (repository / "blobs").mkdir(exist_ok=True)
        for file, (blob, blocks) in files.items():
            place = repository / "blobs" / blob
            if not place.exists():
                place.write_bytes(os.urandom(BLOCK * blocks))
            (snapshot / file).parent.mkdir(parents=True, exist_ok=True)
            (snapshot / file).symlink_to(os.path.relpath(place, (snapshot / file).parent))
        self.age(repository, 90)
        return snapshot

    def ref(self, name: str, ref: str, commit: str) -> None:
        place = self.repository(name) / "refs" / ref
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(commit)

    def half(self, name: str, blob: str, blocks: int, *, days: float = 90) -> Path:
        place = self.repository(name) / "blobs" / f"{blob}.incomplete"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(os.urandom(BLOCK * blocks))
        self.age(place, days)
        return place

    def lock(self, name: str, blob: str, *, days: float = 90) -> Path:
        place = self.path / ".locks" / self.repository(name).name / f"{blob}.lock"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
        self.age(place, days)
        return place

    def age(self, path: Path, days: float) -> None:
        then = time.time() - days * 86_400
        for place in [path, *path.rglob("*")] if path.is_dir() else [path]:
            os.utime(place, (then, then), follow_symlinks=False)

    def names(self) -> set[str]:
        """Everything below it, by its path."""
        return {str(place.relative_to(self.path)) for place in self.path.rglob("*")}
