"""Models in Ollama's store: `manifests/HOST/OWNER/NAME/TAG` name `blobs/sha256-...`.

A manifest is an OCI image manifest whose layers have Ollama's media types (ollama/server/images.go): the weights, which
are a GGUF file, a projector, a template, parameters as JSON, and licences.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from anvil_serving.errors import AnvilError
from anvil_serving.files import read_file

from .document import Document, section_in, sequence_in, text_in
from .files import ModelFile, bytes_once, list_files
from .found import FoundModel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["MEDIA_FILES", "ollama_models"]

MANIFEST_CAP: Final = 1024 * 1024

MEDIA_FILES: Final = {
    "application/vnd.ollama.image.model": "model.gguf",
    "application/vnd.ollama.image.template": "ollama-template",
    "application/vnd.ollama.image.params": "ollama-params.json",
    "application/vnd.ollama.image.license": "ollama-license",
}
"""What a layer is called here, by its media type."""

_DIGEST: Final = re.compile(r"sha256:([0-9a-f]{64})")
_DEFAULT_HOST: Final = "registry.ollama.ai/"
_DEFAULT_OWNER: Final = "library/"


def ollama_models(store: Path) -> Iterator[FoundModel]:
    """The models of a store, named as `ollama list` names them; broken manifests are passed over."""
    for manifest in list_files(store / "manifests").files:
        place, _, tag = manifest.name.rpartition("/")
        name = f"{place.removeprefix(_DEFAULT_HOST).removeprefix(_DEFAULT_OWNER)}:{tag}"
        try:
            document = json.loads(read_file(manifest.path, cap=MANIFEST_CAP))
        except (AnvilError, OSError, ValueError, RecursionError):
            continue
        if isinstance(document, dict):
            yield _model(name, store, document)


def _model(name: str, store: Path, document: Document) -> FoundModel:
    files: list[ModelFile] = []
    missing = 0
    for layer in sequence_in(document, "layers") or []:
        entry = section_in({"layer": layer}, "layer")
        called = MEDIA_FILES.get(text_in(entry, "mediaType") or "")
        digest = _DIGEST.fullmatch(text_in(entry, "digest") or "")
        if called is None or digest is None or any(file.name == called for file in files):
            continue
        path = store / "blobs" / f"sha256-{digest[1]}"
        try:
            status = path.stat()
            files.append(ModelFile(called, path, status.st_size, status.st_dev, status.st_ino, status.st_mtime))
        except OSError:
            missing += 1
    weights = tuple(file for file in files if file.name == "model.gguf")
    return FoundModel(
        name=name,
        source="ollama",
        folder=store,
        format="gguf" if weights else None,
        weights=weights,
        files=tuple(files),
        size_bytes=bytes_once(files),
        disk_bytes=bytes_once(files),
        problems=(f"missing from the store: {missing} files",) if missing else (),
    )
