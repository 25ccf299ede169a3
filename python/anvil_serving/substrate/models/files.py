"""The files beneath a folder, with links followed once and limits on how many and how deep."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DEPTH_CAP", "FILES_CAP", "FileTree", "ModelFile", "bytes_once", "list_files"]

FILES_CAP: Final = 100_000
"""Entries of a folder and all beneath it that are looked at."""

DEPTH_CAP: Final = 8
"""Folders within folders."""


class ModelFile(Struct, frozen=True):
    """A regular file."""

    name: str
    """Its path beneath the folder, with `/`."""
    path: Path
    size_bytes: int
    device: int
    inode: int
    modified: float
    """Seconds since 1970."""

    @property
    def identity(self) -> tuple[int, int]:
        """What two names of one file have in common."""
        return self.device, self.inode


class FileTree(Struct, frozen=True):
    """What lies beneath a folder."""

    files: tuple[ModelFile, ...]
    """By name."""
    broken: tuple[str, ...] = ()
    """Names of links that lead nowhere."""
    problems: tuple[str, ...] = ()
    """What could not be looked at, in words."""


def list_files(folder: Path) -> FileTree:
    """Regular files beneath `folder`, none if there is no such folder. Pipes, devices and sockets are passed over.

    A linked folder is entered, once: one that leads back is passed over.
    """
    files: list[ModelFile] = []
    broken: list[str] = []
    problems: list[str] = []
    entered: set[tuple[int, int]] = set()
    waiting: list[tuple[Path, str, int]] = [(folder, "", 0)]
    left = FILES_CAP
    while waiting and left > 0:
        here, prefix, depth = waiting.pop()
        try:
            status = here.stat()
            if (status.st_dev, status.st_ino) in entered:
                continue
            entered.add((status.st_dev, status.st_ino))
            names = sorted(path.name for path in here.iterdir())
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(f"{here} cannot be read: {error.strerror or error}")
            continue
        left -= len(names)
        for name in names[: max(0, left + len(names))]:
            _sort_out(here / name, f"{prefix}{name}", depth, files, broken, waiting)
    if left <= 0:
        problems.append(f"{folder} has more than {FILES_CAP:,} entries, and the rest was left out")
    return FileTree(tuple(sorted(files, key=lambda file: file.name)), tuple(broken), tuple(problems))


def _sort_out(
    path: Path,
    name: str,
    depth: int,
    files: list[ModelFile],
    broken: list[str],
    waiting: list[tuple[Path, str, int]],
) -> None:
    try:
        status = path.stat()
    except OSError:
        broken.append(name)
        return
    if stat.S_ISREG(status.st_mode):
        files.append(ModelFile(name, path, status.st_size, status.st_dev, status.st_ino, status.st_mtime))
    elif stat.S_ISDIR(status.st_mode) and depth < DEPTH_CAP:
        waiting.append((path, f"{name}/", depth + 1))


def bytes_once(files: Iterable[ModelFile]) -> int:
    """Bytes on the disk: a file of several names counts once."""
    return sum({file.identity: file.size_bytes for file in files}.values())
