"""Models in a Hugging Face cache.

Its layout is described at huggingface_hub's "Manage your cache": `models--OWNER--NAME/` with `refs/main` (a commit),
`snapshots/COMMIT/` (links) and `blobs/` (the files; `*.incomplete` while one is downloaded). huggingface_hub's own
`scan_cache_dir` is not used: it gives up on a repository with one missing file, which is just what is to be told here,
raises on a folder that may not be read, opens whatever lies in `refs`, and would be 40 MB of an installation.
"""

from __future__ import annotations

import os
import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from anvil_serving.errors import AnvilError
from anvil_serving.files import read_file

from .files import FileTree, bytes_once, list_files
from .found import FoundModel, Place, half_downloaded, models_of
from .roots import hub_cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["current_snapshot", "downloaded_names", "hub_models", "is_hub_cache"]

REPOSITORIES_CAP: Final = 10_000
REVISIONS_CAP: Final = 200

_PREFIX: Final = "models--"
_REF_CAP: Final = 200
_COMMIT: Final = re.compile(r"[0-9A-Za-z]{7,64}")


def downloaded_names(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Names such as `Qwen/Qwen3-8B`, sorted, and no more of them; none where the cache cannot be read."""
    try:
        with os.scandir(hub_cache_folder(environ)) as entries:
            folders = [entry.name for entry in islice(entries, REPOSITORIES_CAP) if entry.name.startswith(_PREFIX)]
    except OSError:
        return ()
    return tuple(sorted(map(_name_of, folders)))


def hub_models(cache: Path) -> Iterator[FoundModel]:
    """The models of a cache: of each repository the revision that is `main`. Raises `OSError` if it cannot be read."""
    repositories = sorted(path for path in cache.iterdir() if path.name.startswith(_PREFIX))
    for repository in repositories[:REPOSITORIES_CAP]:
        yield from _models_of_repository(_name_of(repository.name), repository)


def is_hub_cache(folder: Path) -> bool:
    """Whether a folder is a cache of this kind, whatever it is called."""
    try:
        return any(path.name.startswith(_PREFIX) for path in folder.iterdir())
    except OSError:
        return False


def current_snapshot(repository: Path) -> Path | None:
    """The folder of the revision that `main` is, else of the one that was fetched last; None where there is none."""
    revision = _current(repository, _revisions(repository))
    return None if revision is None else repository / "snapshots" / revision


def _name_of(folder: str) -> str:
    return folder.removeprefix(_PREFIX).replace("--", "/", 1)


def _revisions(repository: Path) -> list[str]:
    try:
        return sorted(path.name for path in (repository / "snapshots").iterdir())[:REVISIONS_CAP]
    except OSError:  # nothing has arrived yet
        return []


def _models_of_repository(name: str, repository: Path) -> Iterator[FoundModel]:
    revisions = _revisions(repository)
    blobs = list_files(repository / "blobs")
    revision = _current(repository, revisions)
    tree = FileTree(()) if revision is None else list_files(repository / "snapshots" / revision)
    problems = [*tree.problems, *half_downloaded(blobs.files)]
    if tree.broken:
        problems.append(f"missing from the cache: {len(tree.broken)} files")
    snapshots = (list_files(repository / "snapshots" / each).files for each in revisions)
    place = Place(
        name=name,
        source="huggingface",
        folder=repository if revision is None else repository / "snapshots" / revision,
        revision=revision,
        revisions=max(1, len(revisions)),
        disk_bytes=bytes_once([*blobs.files, *(file for files in snapshots for file in files)]),
        problems=tuple(problems),
    )
    found = list(models_of(place, tree.files))
    yield from found
    if problems and all(model.format == "gguf" for model in found):
        yield _nothing_yet(place)


def _nothing_yet(place: Place) -> FoundModel:
    return FoundModel(
        name=place.name,
        source=place.source,
        folder=place.folder,
        format=None,
        weights=(),
        files=(),
        size_bytes=place.disk_bytes,
        revision=place.revision,
        disk_bytes=place.disk_bytes,
        problems=place.problems,
    )


def _current(repository: Path, revisions: list[str]) -> str | None:
    """The commit that `main` is; else the one that was fetched last."""
    try:
        main = read_file(repository / "refs" / "main", cap=_REF_CAP).decode(errors="replace").strip()
    except (AnvilError, OSError):
        main = ""
    if _COMMIT.fullmatch(main) and main in revisions:
        return main
    return max(revisions, key=lambda revision: _modified(repository / "snapshots" / revision), default=None)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
