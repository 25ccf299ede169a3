"""A model that lies on this machine, before its files are read."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from .files import ModelFile, bytes_once
from .roots import RootKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["CONFIGS", "FoundModel", "Place", "WeightFormat", "half_downloaded", "models_of"]

WeightFormat = Literal["safetensors", "gguf", "pytorch", "onnx", "diffusers", "adapter"]
"""How weights are stored. `diffusers` is a folder of several networks, `adapter` goes on top of another model."""

_HALF: Final = (".incomplete", ".part", ".partial", ".downloadinprogress", ".crdownload", ".aria2", ".tmp")
"""How programs name a file while it is being downloaded: huggingface_hub, Ollama, llama.cpp, browsers, aria2."""

_PART: Final = re.compile(r"^(?P<stem>.+?)-(?P<number>\d{5})-of-(?P<count>\d{5})(?=\.)")
"""A part of several, as Transformers and llama.cpp's `gguf-split` name them."""

_PYTORCH: Final = re.compile(r"pytorch_model[^/]*\.bin|(?:consolidated|model)[^/]*\.pth?")

_TAG: Final = re.compile(
    r"(?:^|[-._])((?:UD-)?(?:I?Q\d+_\w+|Q\d+|TQ\d_\d|MXFP4(?:_MOE)?|NVFP4|BF16|F16|F32|FP16))$", re.IGNORECASE
)
"""How GGUF files name their quantisation at the end, as llama.cpp's `-hf repo:TAG` wants it."""


CONFIGS: Final = frozenset({"config.json", "params.json", "model_index.json", "adapter_config.json"})
"""Files that a model's folder has at its top: Transformers', Mistral's, Diffusers' and PEFT's."""


class Place(Struct, frozen=True, kw_only=True):
    """Where files of a model lie, or of several."""

    name: str
    """Empty for a folder that is nobody's in particular."""
    source: RootKind
    folder: Path
    revision: str | None = None
    revisions: int = 1
    disk_bytes: int = 0
    problems: tuple[str, ...] = ()


class FoundModel(Struct, frozen=True, kw_only=True):
    """One model that an engine could be pointed at."""

    name: str
    source: RootKind
    folder: Path
    """Where its files lie; of a Hugging Face cache, the snapshot."""
    format: WeightFormat | None
    """None: no weights are there."""
    weights: tuple[ModelFile, ...]
    """The parts of one copy of its weights, in order."""
    files: tuple[ModelFile, ...]
    """All of its files: weights, configuration, tokenizer, words."""
    size_bytes: int
    """What `files` take, linked ones once."""
    revision: str | None = None
    """The commit of the Hub."""
    revisions: int = 1
    """How many the cache keeps."""
    disk_bytes: int
    """What all of them take, and what is half downloaded."""
    problems: tuple[str, ...] = ()
    """Why it is not whole, in words."""

    def file(self, name: str) -> ModelFile | None:
        """The file of this name at the top of the model."""
        return next((file for file in self.files if file.name == name), None)


def half_downloaded(files: Iterable[ModelFile]) -> tuple[str, ...]:
    """Says which files are still being written, by their names; nothing where none is."""
    half = [file for file in files if _is_half(file.name)]
    done = sum(file.size_bytes for file in half)
    return (f"half downloaded: {len(half)} files, {done:,} bytes so far",) if half else ()


def _is_half(name: str) -> bool:
    return name.lower().endswith(_HALF)


def _stem_of_parts(name: str) -> tuple[str, int, int] | None:
    """Of `a/model-00002-of-00005.gguf`: `a/model`, 2 and 5. None for a file that is no part."""
    found = _PART.match(name)
    return None if found is None else (found["stem"], int(found["number"]), int(found["count"]))


def models_of(place: Place, files: Iterable[ModelFile]) -> Iterator[FoundModel]:
    """The models that these files are: each GGUF file, or set of its parts, is one; what else there is, is one.

    A place without a name has GGUF files only, which are called as their files are.
    """
    files = tuple(file for file in files if not _is_half(file.name))
    gguf = frozenset(file for file in files if file.name.lower().endswith(".gguf"))
    rest = tuple(file for file in files if file not in gguf)
    words = tuple(file for file in rest if _format([file]) is None)
    for called, weights in _sets(gguf, named=bool(place.name)):
        yield FoundModel(
            name=f"{place.name}:{called}" if place.name else called,
            source=place.source,
            folder=place.folder,
            format="gguf",
            weights=weights,
            files=(*weights, *words),
            size_bytes=bytes_once(weights),
            revision=place.revision,
            revisions=place.revisions,
            disk_bytes=bytes_once(weights),
            problems=_missing_parts(weights),  # a file that is there is whole, whatever else is not
        )
    form = _format(rest)
    if not place.name or (form is None and (gguf or not any(file.name in CONFIGS for file in rest))):
        return
    weights = _one_copy(rest, form)
    yield FoundModel(
        name=place.name,
        source=place.source,
        folder=place.folder,
        format=form,
        weights=weights,
        files=rest,
        size_bytes=bytes_once(rest),
        revision=place.revision,
        revisions=place.revisions,
        disk_bytes=max(place.disk_bytes - bytes_once(gguf), bytes_once(rest)),
        problems=(*place.problems, *(_missing_parts(weights) if form else ("no weights are there",))),
    )


def _sets(files: Iterable[ModelFile], *, named: bool) -> Iterator[tuple[str, tuple[ModelFile, ...]]]:
    """GGUF files by what they are called, parts together. What comes with a model (a projector) is none.

    Within a `named` place they are called by their quantisation, where that tells them apart.
    """
    sets: dict[str, list[ModelFile]] = defaultdict(list)
    for file in files:
        stem = _stem_of_parts(file.name)
        whole = stem[0] if stem else file.name[: -len(".gguf")]
        if not whole.rsplit("/", 1)[-1].lower().startswith(("mmproj", "imatrix")):
            sets[whole].append(file)
    tags = Counter(_tag(whole) for whole in sets)
    for whole, members in sorted(sets.items()):
        tag = _tag(whole)
        called = tag if named and tag is not None and tags[tag] == 1 else whole
        yield called, tuple(sorted(members, key=lambda file: file.name))


def _tag(stem: str) -> str | None:
    found = _TAG.search(stem.rsplit("/", 1)[-1])
    return None if found is None else found[1].upper()


def _format(files: Iterable[ModelFile]) -> WeightFormat | None:
    names = {file.name.lower() for file in files}
    weights = {name for name in names if name.endswith((".safetensors", ".bin", ".pt", ".pth", ".onnx"))}
    if "model_index.json" in names and weights:
        return "diffusers"
    if "adapter_config.json" in names and weights:
        return "adapter"
    if any(name.endswith(".safetensors") for name in weights):
        return "safetensors"
    if any(_PYTORCH.fullmatch(name) for name in weights):
        return "pytorch"
    return "onnx" if any(name.endswith(".onnx") for name in weights) else None


def _one_copy(files: tuple[ModelFile, ...], form: WeightFormat | None) -> tuple[ModelFile, ...]:
    """The weights once: Mistral's repositories have them twice, as `model-*` and as `consolidated*`."""
    if form not in {"safetensors", "adapter", "diffusers"}:
        endings: tuple[str, ...] = {"pytorch": (".bin", ".pth", ".pt"), "onnx": (".onnx",)}.get(form or "", ())
        return tuple(file for file in files if endings and file.name.endswith(endings))
    found = [file for file in files if file.name.lower().endswith(".safetensors")]
    top = [file for file in found if "/" not in file.name]
    named = [file for file in top if file.name.startswith("model")]
    return tuple(named or top or found)


def _missing_parts(weights: tuple[ModelFile, ...]) -> tuple[str, ...]:
    parts = [stem for file in weights if (stem := _stem_of_parts(file.name)) is not None]
    if not parts:
        return ()
    count = max(part[2] for part in parts)
    missing = count - len({part[1] for part in parts})
    return (f"missing: {missing} of {count} parts",) if missing > 0 else ()
