"""Models in a plain folder, such as `/srv/models` or LM Studio's: any that lie in it or beneath it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from .files import FileTree, ModelFile
from .found import CONFIGS, FoundModel, Place, half_downloaded, models_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .roots import RootKind

__all__ = ["folder_models"]


def folder_models(root: Path, source: RootKind, tree: FileTree) -> Iterator[FoundModel]:
    """The models among the files beneath `root`, each named by where it lies."""
    by_folder: dict[str, list[ModelFile]] = defaultdict(list)
    for file in tree.files:
        by_folder[file.name.rpartition("/")[0]].append(file)
    owners = {folder for folder, files in by_folder.items() if _owns(folder, files)}
    mine: dict[str, list[ModelFile]] = defaultdict(list)
    for folder, files in by_folder.items():
        mine[_owner(folder, owners)] += files
    for folder in sorted(mine):
        problems = half_downloaded(mine[folder])
        where = root / folder if folder else root
        files = [_beneath(file, folder) for file in mine[folder] if not _is_hidden(file.name, folder)]
        name = folder or (root.name if folder in owners else "")
        yield from models_of(Place(name=name, source=source, folder=where, problems=problems), files)


def _owns(folder: str, files: list[ModelFile]) -> bool:
    """Whether a folder is a model's, with all that lies beneath it. At the top, a configuration may be anything's."""
    names = {file.name.rpartition("/")[2] for file in files}
    return any(name.endswith(".safetensors") for name in names) or bool(
        names & CONFIGS and (folder or _has_weights(names))
    )


def _has_weights(names: set[str]) -> bool:
    return "model_index.json" in names or any(name.endswith((".bin", ".pth", ".pt", ".gguf")) for name in names)


def _owner(folder: str, owners: set[str]) -> str:
    """The outermost folder around this one that is a model's; itself where there is none."""
    parts = folder.split("/") if folder else []
    around = ("/".join(parts[:depth]) for depth in range(len(parts) + 1))
    return next((name for name in around if name in owners), folder)


def _beneath(file: ModelFile, folder: str) -> ModelFile:
    name = file.name[len(folder) + 1 :] if folder else file.name
    return ModelFile(name, file.path, file.size_bytes, file.device, file.inode, file.modified)


def _is_hidden(name: str, folder: str) -> bool:
    return any(part.startswith(".") for part in name[len(folder) :].split("/"))
