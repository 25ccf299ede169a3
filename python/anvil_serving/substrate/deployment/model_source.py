"""Where a model to be served lies: in a folder or a GGUF file of this machine, among its downloads, or not here."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from anvil_serving.errors import StartupError
from anvil_serving.files import expanded
from anvil_serving.layout import printable
from anvil_serving.substrate.models.files import ModelFile, list_files
from anvil_serving.substrate.models.folder import folder_models
from anvil_serving.substrate.models.found import FoundModel, Place, models_of
from anvil_serving.substrate.models.hub_cache import current_snapshot
from anvil_serving.substrate.models.roots import find_roots

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ModelSource", "WeightsFormat", "find_source"]

WeightsFormat = Literal["safetensors", "gguf"]

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9_])?/[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9_])?")
"""Hugging Face: letters, digits, `-`, `_` and `.`, at most 96 (huggingface_hub, `validate_repo_id`)."""

_QUANTISATION: Final = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_TEXT_CAP: Final = 1_000
"""Characters of a path."""

_NAMED_AT_ONCE: Final = 8


class ModelSource(Struct, frozen=True, kw_only=True):
    """What is mounted into a container, or downloaded by it."""

    name: str
    """The last part of what it is called, for people."""
    format: WeightsFormat | None
    """None: not known, because the weights are not here."""
    repository: str | None = None
    """On Hugging Face; None where it is only a folder or a file."""
    quantisation: str | None = None
    """Of a repository of GGUF files, which of them."""
    mount: Path | None = None
    """The folder of this machine that is mounted; None where the container downloads the weights."""
    inside: PurePosixPath = PurePosixPath()
    """The model below `mount`: a folder, or a GGUF file."""
    found: FoundModel | None = None
    """None: its files are not on this machine."""


def find_source(text: str, environ: Mapping[str, str], *, elsewhere: bool) -> ModelSource:
    """What `text` names: a path, or `owner/name` on Hugging Face, `owner/name:quantisation` of GGUF files.

    `elsewhere`: a path that is not here may be on the machine that the service is written for. Raises `StartupError`.
    """
    if len(text) > _TEXT_CAP or not text.isprintable() or not text.strip():
        raise StartupError(
            f"{printable(text[:80])!r} names no model", hint="name a folder, a GGUF file, or owner/name on Hugging Face"
        )
    path = expanded(Path(text))
    try:
        if path.exists():
            return _of_path(path.absolute())
    except OSError as error:
        raise StartupError(
            f"{printable(text)} cannot be read: {error.strerror or error}", hint="check the path and its permissions"
        ) from None
    repository, _, quantisation = text.partition(":")
    if _REPOSITORY.fullmatch(repository) is not None and ".." not in repository:
        if quantisation and _QUANTISATION.fullmatch(quantisation) is None:
            raise StartupError(f"{quantisation!r} is no quantisation", hint="write owner/name:Q4_K_M")
        return _of_repository(repository, quantisation or None, environ)
    if elsewhere and path.is_absolute():
        return _not_here(path)
    raise StartupError(
        f"there is no model at {printable(text)}", hint="check the path, or name it as owner/name on Hugging Face"
    )


def _of_path(path: Path) -> ModelSource:
    if path.is_dir():
        return _of_models(list(folder_models(path, "folder", list_files(path))), path)
    if path.suffix != ".gguf" or not path.is_file():
        raise StartupError(
            f"{printable(str(path))} is no model", hint="name a .gguf file, or the folder of .safetensors files"
        )
    beside = models_of(Place(name="", source="folder", folder=path.parent), _beside(path))
    return _of_models([model for model in beside if any(file.path == path for file in model.weights)], path)


def _beside(path: Path) -> list[ModelFile]:
    """The GGUF files of its folder, among which its other parts are."""
    found = []
    for file in sorted(path.parent.glob("*.gguf")):
        if file.is_file():
            status = file.stat()
            found.append(
                ModelFile(file.name, file, status.st_size, status.st_dev, status.st_ino, modified=status.st_mtime)
            )
    return found


def _of_models(models: list[FoundModel], place: Path) -> ModelSource:
    """The one model of a place: its own weights come before GGUF files that lie beside them."""
    models = [model for model in models if model.format is not None]
    own = [model for model in models if model.folder == place and model.format != "gguf"] or models
    if len(own) == 1:
        return _of_found(own[0])
    where = printable(str(place))
    if not own:
        raise StartupError(
            f"{where} holds no weights: neither .safetensors nor .gguf files", hint="name the folder that holds them"
        )
    names = [
        os.path.relpath(model.weights[0].path if model.format == "gguf" else model.folder, place)
        for model in own[:_NAMED_AT_ONCE]
    ]
    raise StartupError(f"{where} holds {len(own)} models", hint=printable(f"name one of them: {', '.join(names)}"))


def _of_found(model: FoundModel, *, quantisation: str | None = None) -> ModelSource:
    if model.format not in {"safetensors", "gguf"}:
        what = "pickled weights, which can run code" if model.format == "pytorch" else f"{model.format}"
        raise StartupError(
            f"{printable(model.name)} is {what}, and no engine here serves that",
            hint="download the model as safetensors or GGUF",
        )
    if model.problems:
        raise StartupError(
            f"{printable(model.name)} is not whole: {printable(model.problems[0])}", hint="download it again"
        )
    mount, inside = _mounted(model)
    repository = _repository_of(mount)
    gguf = model.format == "gguf"
    name = model.weights[0].path.stem if gguf else (repository or model.folder.name).rpartition("/")[2]
    return ModelSource(
        name=re.sub(r"-\d{5}-of-\d{5}$", "", name),
        repository=repository,
        quantisation=quantisation,
        format="gguf" if gguf else "safetensors",
        mount=mount,
        inside=inside,
        found=model,
    )


def _mounted(model: FoundModel) -> tuple[Path, PurePosixPath]:
    """What to mount, and where the model is in it: links that lead out of its folder would lead nowhere in a container.

    Hugging Face's cache links `snapshots/REVISION/FILE` to `blobs/HASH`, two folders up.
    """
    home = model.folder.resolve()
    first = (
        PurePosixPath(model.weights[0].path.relative_to(model.folder)) if model.format == "gguf" else PurePosixPath()
    )
    targets = [file.path.resolve() for file in model.files]
    if all(target.is_relative_to(home) for target in targets):
        return home, first
    above = home.parent.parent
    if home.parent.name == "snapshots" and all(target.is_relative_to(above) for target in targets):
        return above, PurePosixPath(home.relative_to(above)) / first
    raise StartupError(
        f"files of {printable(str(model.folder))} are links that lead out of it",
        hint="copy what they lead to, or name the folder where the files are",
    )


def _repository_of(mount: Path) -> str | None:
    # Hugging Face's cache: models--owner--name
    if not mount.name.startswith("models--"):
        return None
    name = mount.name.removeprefix("models--").replace("--", "/", 1)
    return name if _REPOSITORY.fullmatch(name) else None


def _of_repository(repository: str, quantisation: str | None, environ: Mapping[str, str]) -> ModelSource:
    models = _downloaded(repository, environ)
    if quantisation is not None:
        models = [model for model in models if model.name.rpartition(":")[2].lower() == quantisation.lower()]
    if models:
        if len(models) > 1:
            tags = ", ".join(model.name.rpartition(":")[2] for model in models[:_NAMED_AT_ONCE])
            raise StartupError(
                f"{len(models)} models of {repository} are downloaded", hint=printable(f"add one of :{tags}")
            )
        return _of_found(models[0], quantisation=quantisation)
    gguf = quantisation is not None or repository.lower().endswith("gguf")
    return ModelSource(
        name=repository.rpartition("/")[2],
        repository=repository,
        quantisation=quantisation,
        format="gguf" if gguf else None,
    )


def _downloaded(repository: str, environ: Mapping[str, str]) -> list[FoundModel]:
    """What of a repository is in this machine's caches, whole: of the revision that `main` is, else of the newest."""
    for root in find_roots(environ).present:
        if root.kind != "huggingface":
            continue
        snapshot = current_snapshot(root.path / f"models--{repository.replace('/', '--')}")
        if snapshot is not None:
            models = list(
                models_of(Place(name=repository, source="huggingface", folder=snapshot), list_files(snapshot).files)
            )
            whole = [model for model in models if model.format is not None and not model.problems]
            if whole:
                return whole
    return []


def _not_here(path: Path) -> ModelSource:
    gguf = path.suffix == ".gguf"
    return ModelSource(
        name=path.stem if gguf else path.name or "model",
        format="gguf" if gguf else None,
        mount=path.parent if gguf else path,
        inside=PurePosixPath(path.name) if gguf else PurePosixPath(),
    )
