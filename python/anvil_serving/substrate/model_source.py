"""Where a model to be served lies: in a folder or a GGUF file of this machine, among its downloads, or not here."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from anvil_serving.errors import StartupError
from anvil_serving.layout import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ModelSource", "WeightsFormat", "find_source", "hub_cache"]

WeightsFormat = Literal["safetensors", "gguf"]

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9_])?/[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9_])?")
"""Hugging Face: letters, digits, `-`, `_` and `.`, at most 96 (huggingface_hub, `validate_repo_id`)."""

_QUANTISATION: Final = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_PART: Final = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<parts>\d{5})\.gguf")
_MOST_FILES: Final = 10_000
_TEXT_CAP: Final = 1_000
"""Characters of a path."""


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
    weights_bytes: int | None = None
    config: Path | None = None
    """Its `config.json`."""
    header: Path | None = None
    """The GGUF file whose header describes it."""

    @property
    def is_here(self) -> bool:
        """Whether the weights are on this machine."""
        return self.weights_bytes is not None


def find_source(text: str, environ: Mapping[str, str], *, elsewhere: bool) -> ModelSource:
    """What `text` names: a path, or `owner/name` on Hugging Face, `owner/name:quantisation` of GGUF files.

    `elsewhere`: a path that is not here may be on the machine that the service is written for. Raises `StartupError`.
    """
    if len(text) > _TEXT_CAP or not text.isprintable() or not text.strip():
        raise StartupError(
            f"{printable(text[:80])!r} names no model", hint="name a folder, a GGUF file, or owner/name on Hugging Face"
        )
    path = _expanded(text)
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


def hub_cache(environ: Mapping[str, str]) -> Path:
    """The folder where Hugging Face's tools keep what they downloaded (huggingface_hub, "Environment variables")."""
    if environ.get("HF_HUB_CACHE"):
        return _expanded(environ["HF_HUB_CACHE"])
    if environ.get("HF_HOME"):
        return _expanded(environ["HF_HOME"]) / "hub"
    root = environ.get("XDG_CACHE_HOME")
    return (_expanded(root) if root else _expanded("~/.cache")) / "huggingface" / "hub"


def _of_path(path: Path) -> ModelSource:
    if path.is_file():
        return _of_gguf(path)
    if not path.is_dir():
        raise StartupError(f"{printable(str(path))} is neither a folder nor a file", hint="name the model's folder")
    files = _files(path)
    if any(file.suffix == ".safetensors" for file in files):
        return _of_folder(path, files)
    models = [file for file in files if file.suffix == ".gguf" and not file.name.startswith("mmproj")]
    firsts = [file for file in models if (part := _PART.fullmatch(file.name)) is None or int(part["number"]) == 1]
    if len(firsts) == 1:
        return _of_gguf(firsts[0])
    if firsts:
        names = ", ".join(sorted(file.name for file in firsts)[:8])
        raise StartupError(f"{printable(str(path))} holds {len(firsts)} models", hint=printable(f"name one of {names}"))
    raise StartupError(
        f"{printable(str(path))} holds no weights: neither .safetensors nor .gguf files",
        hint="name the folder that holds them; pickled weights (.bin, .pt) can run code and are not served",
    )


def _files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for file in folder.iterdir():
        if len(found) >= _MOST_FILES:
            raise StartupError(
                f"{printable(str(folder))} holds more than {_MOST_FILES} files", hint="name the model's own folder"
            )
        found.append(file)
    return found


def _of_folder(path: Path, files: list[Path]) -> ModelSource:
    mount, inside = _mounted(path, files)
    repository = _repository_of(mount)
    config = path / "config.json"
    return ModelSource(
        name=repository.split("/")[-1] if repository else path.name,
        repository=repository,
        format="safetensors",
        mount=mount,
        inside=inside,
        weights_bytes=sum(_size(file) for file in files if file.suffix == ".safetensors"),
        config=config if config.is_file() else None,
    )


def _of_gguf(path: Path) -> ModelSource:
    if path.suffix != ".gguf":
        raise StartupError(
            f"{printable(str(path))} is no model's file", hint="name a .gguf file, or the folder of .safetensors files"
        )
    part = _PART.fullmatch(path.name)
    files = [path]
    if part is not None:
        files = [
            path.with_name(f"{part['stem']}-{number:05}-of-{part['parts']}.gguf")
            for number in range(1, min(int(part["parts"]), _MOST_FILES) + 1)
        ]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise StartupError(
            f"{printable(missing[0])} is missing beside {printable(path.name)}", hint="download all parts of the model"
        )
    mount, inside = _mounted(path.parent, files)
    repository = _repository_of(mount)
    return ModelSource(
        name=part["stem"] if part else path.stem,
        repository=repository,
        format="gguf",
        mount=mount,
        inside=inside / files[0].name,
        weights_bytes=sum(_size(file) for file in files),
        header=files[0],
    )


def _mounted(folder: Path, files: list[Path]) -> tuple[Path, PurePosixPath]:
    """What to mount, and where the model is in it: links that lead out of its folder would lead nowhere in a container.

    Hugging Face's cache links `snapshots/REVISION/FILE` to `blobs/HASH`, two folders up.
    """
    home = folder.resolve()
    targets = [file.resolve() for file in files if file.is_symlink()]
    if all(target.is_relative_to(home) for target in targets):
        return home, PurePosixPath()
    above = home.parent.parent
    if home.parent.name == "snapshots" and all(target.is_relative_to(above) for target in targets):
        return above, PurePosixPath(home.relative_to(above))
    raise StartupError(
        f"files of {printable(str(folder))} are links that lead out of it",
        hint="copy what they lead to, or name the folder where the files are",
    )


def _repository_of(mount: Path) -> str | None:
    # Hugging Face's cache: models--owner--name
    if not mount.name.startswith("models--"):
        return None
    name = mount.name.removeprefix("models--").replace("--", "/", 1)
    return name if _REPOSITORY.fullmatch(name) else None


def _of_repository(repository: str, quantisation: str | None, environ: Mapping[str, str]) -> ModelSource:
    cached = hub_cache(environ) / f"models--{repository.replace('/', '--')}"
    snapshot = _newest_snapshot(cached)
    if snapshot is not None and quantisation is None:
        return _of_path(snapshot)
    gguf = quantisation is not None or repository.lower().endswith("gguf")
    name = repository.rpartition("/")[2]
    return ModelSource(name=name, repository=repository, quantisation=quantisation, format="gguf" if gguf else None)


def _newest_snapshot(cached: Path) -> Path | None:
    """The snapshot that `main` names, else the newest; None where nothing with weights was downloaded."""
    try:
        main = cached / "refs" / "main"
        revision = main.read_text()[:64].strip() if main.is_file() else ""
        snapshots = sorted((cached / "snapshots").iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
        found = [folder for folder in snapshots if folder.name == revision] or snapshots
        for folder in found:
            if any(file.suffix in {".safetensors", ".gguf"} and file.exists() for file in folder.iterdir()):
                return folder
    except (OSError, UnicodeDecodeError):
        pass
    return None


def _not_here(path: Path) -> ModelSource:
    gguf = path.suffix == ".gguf"
    return ModelSource(
        name=path.stem if gguf else path.name or "model",
        format="gguf" if gguf else None,
        mount=path.parent if gguf else path,
        inside=PurePosixPath(path.name) if gguf else PurePosixPath(),
    )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError as error:
        raise StartupError(
            f"{printable(str(file))} cannot be read: {error.strerror or error}", hint="download the model again"
        ) from None


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # no home
        return Path(text)
