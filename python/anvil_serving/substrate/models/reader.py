"""Reads a found model's files into its card. Nothing in them is an error: what cannot be read is said on the card."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from msgspec import Struct

from anvil_serving.errors import AnvilError
from anvil_serving.files import check_regular, read_file
from anvil_serving.layout import count, printable

from .card import ModelCard, Sampling, Sizes, Stored
from .config_shape import shape_of_config
from .document import LARGEST, Document, number_in, section_in, text_in, whole_in
from .engine_table import engine_fits
from .files import bytes_once
from .front_matter import FRONT_MATTER_CAP, FrontMatter, read_front_matter
from .gguf_header import read_gguf_header
from .gguf_shape import shape_of_gguf
from .safetensors_header import read_safetensors_header
from .template import TEMPLATE_CAP, Template, read_template

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from .files import ModelFile
    from .found import FoundModel
    from .shape import ModelShape

__all__ = ["read_card"]

CONFIG_CAP: Final = 4 * 1024 * 1024
TOKENIZER_CONFIG_CAP: Final = 16 * 1024 * 1024
INDEX_CAP: Final = 64 * 1024 * 1024
"""`model.safetensors.index.json` of DeepSeek-V3 has 9 MB."""

PARTS_CAP: Final = 1_000
"""Files whose heads are read of one model."""


_Head = TypeVar("_Head")
_Members = TypeVar("_Members", bound=Struct)


class _Index(Struct):
    """Which file has which tensor, of `model.safetensors.index.json`."""

    weight_map: dict[str, str] = {}


class _TokenizerConfig(Struct):
    """Of `tokenizer_config.json`; a template, or several by name."""

    chat_template: str | list[dict[str, str]] | None = None


class _Weights(Struct, frozen=True, kw_only=True):
    """What the weights' own heads say."""

    values: Document
    parameters: int | None = None
    stored_as: tuple[Stored, ...] = ()
    problems: tuple[str, ...] = ()


def read_card(found: FoundModel) -> ModelCard:
    """The card of a model. Reads its small files and the heads of its weights."""
    files = _Files(found)
    config = files.document("config.json", CONFIG_CAP)
    if "quantization_config" not in config:
        # ModelOpt writes it beside the configuration.
        beside = section_in(files.document("hf_quant_config.json", CONFIG_CAP), "quantization")
        config = {**config, "quantization_config": beside} if beside else config
    shape = shape_of_config(config)
    weights = _weights(found, shape)
    if found.format == "gguf":
        shape = shape_of_gguf(weights.values)
    shape = msgspec.structs.replace(shape, parameters=weights.parameters or shape.parameters)
    lacking = (*found.problems, *weights.problems, *_absent(found, files))
    template, words = _template(files, weights.values), _words(files, weights.values)
    return ModelCard(
        name=printable(found.name),
        source=found.source,
        path=printable(str(found.weights[0].path if found.format == "gguf" and found.weights else found.folder)),
        revision=None if found.revision is None else printable(found.revision),
        revisions=found.revisions,
        format=found.format,
        sizes=_sizes(found, shape),
        disk_bytes=found.disk_bytes,
        whole=found.format is not None and not lacking,
        problems=tuple(printable(problem) for problem in dict.fromkeys((*lacking, *files.problems))),
        shape=shape,
        stored_as=weights.stored_as,
        licence=words.licence,
        base_model=words.base_model,
        task=words.task,
        thinking=template.thinking if template else None,
        thinking_switch=template.thinking_switch if template else None,
        tools=template.tools if template else None,
        sampling=_sampling(files, weights.values),
        from_hub=(),
        engines=engine_fits(shape, found.format, whole=found.format is not None and not lacking),
    )


class _Files:
    """A model's small files, and which of them could not be read."""

    def __init__(self, found: FoundModel) -> None:
        self._found = found
        self.problems: list[str] = []

    def document(self, name: str, cap: int) -> Document:
        """A file as a JSON object; an empty one where there is none."""
        # Python's own reader: configurations have `Infinity` in them, which is no JSON.
        document = self._read(name, cap, json.loads)
        return document if isinstance(document, dict) else {}

    def members(self, name: str, cap: int, kind: type[_Members]) -> _Members:
        """Some members of a file that may be large, of which the others are passed over."""
        found: _Members | None = self._read(name, cap, lambda content: msgspec.json.decode(content, type=kind))
        return kind() if found is None else found

    def _read(self, name: str, cap: int, parse: Callable[[bytes], Any]) -> Any:
        file = self._found.file(name)
        try:
            return None if file is None else parse(read_file(file.path, cap=cap))
        except (AnvilError, OSError) as error:
            self.problems.append(f"{name} cannot be read: {error}")
        except (ValueError, RecursionError, msgspec.MsgspecError):
            self.problems.append(f"{name} is no JSON, or not of its kind")
        return None

    def text(self, name: str, cap: int) -> str:
        """The start of a file; nothing where there is none."""
        file = self._found.file(name)
        try:
            content = b"" if file is None else _start(file.path, cap)
        except (AnvilError, OSError) as error:
            self.problems.append(f"{name} cannot be read: {error}")
            return ""
        return content.decode(errors="replace")


def _start(path: Path, cap: int) -> bytes:
    check_regular(path)
    with path.open("rb") as file:
        return file.read(cap)


def _sizes(found: FoundModel, shape: ModelShape) -> Sizes:
    far = 2**24
    return Sizes(
        size_bytes=found.size_bytes,
        weights_bytes=bytes_once(found.weights),
        cache_bytes_per_token=None
        if shape.attention is None
        else shape.kv_cache_bytes(far + 1, 1, 2.0) - shape.kv_cache_bytes(far, 1, 2.0),
    )


def _weights(found: FoundModel, shape: ModelShape) -> _Weights:
    if found.format == "gguf":
        heads, problems = _heads(found.weights, read_gguf_header)
        values = heads[0].values if heads else {}
        parameters = _believed(sum(head.parameters for head in heads))
        return _Weights(values=values, parameters=parameters, problems=problems)
    if found.format not in {"safetensors", "adapter"}:
        return _Weights(values={})
    bits = shape.quantisation.bits if shape.quantisation else None
    parts, problems = _heads(found.weights, lambda path: read_safetensors_header(path, bits=bits))
    stored: dict[str, int] = {}
    for part in parts:
        for dtype, size in part.dtypes.items():
            stored[dtype] = min(LARGEST, stored.get(dtype, 0) + size)
    return _Weights(
        values={},
        parameters=_believed(sum(part.parameters for part in parts)) if not problems else None,
        stored_as=tuple(Stored(dtype, numbers) for dtype, numbers in sorted(stored.items())),
        problems=problems,
    )


def _believed(parameters: int) -> int | None:
    return parameters if 0 < parameters <= LARGEST else None


def _heads(files: Sequence[ModelFile], read: Callable[[Path], _Head]) -> tuple[list[_Head], tuple[str, ...]]:
    """What the files' heads say, and what is wrong with those that cannot be read."""
    heads, problems = [], []
    for file in files[:PARTS_CAP]:
        try:
            heads.append(read(file.path))
        except (AnvilError, OSError) as error:
            problems.append(f"{file.name} cannot be read: {error}")
    return heads, tuple(problems)


def _absent(found: FoundModel, files: _Files) -> tuple[str, ...]:
    """What the index of the weights names and is not there."""
    if found.format != "safetensors" or found.problems:
        return ()
    named = files.members("model.safetensors.index.json", INDEX_CAP, _Index).weight_map.values()
    missing = set(named) - {file.name for file in found.files}
    return (f"missing: {count(len(missing))} files that its index names",) if missing else ()


def _template(files: _Files, values: Document) -> Template | None:
    text = (
        files.text("chat_template.jinja", TEMPLATE_CAP)
        or _joined(files.document("chat_template.json", CONFIG_CAP).get("chat_template"))
        or _joined(files.members("tokenizer_config.json", TOKENIZER_CONFIG_CAP, _TokenizerConfig).chat_template)
        or _joined(values.get("tokenizer.chat_template"))
        or files.text("ollama-template", TEMPLATE_CAP)
    )
    return read_template(text) if text else None


def _joined(value: object) -> str:
    """Of a template, or a list of them by name (`default`, `tool_use`), the texts."""
    if isinstance(value, list):
        named = (section_in({"one": one}, "one").get("template") for one in value[:16])
        return "\n".join(text for text in named if isinstance(text, str))
    return value if isinstance(value, str) else ""


def _words(files: _Files, values: Document) -> FrontMatter:
    said = read_front_matter(files.text("README.md", FRONT_MATTER_CAP))
    return FrontMatter(
        licence=said.licence or text_in(values, "general.license.name", "general.license"),
        base_model=said.base_model or text_in(values, "general.base_model.0.name"),
        task=said.task,
    )


def _sampling(files: _Files, values: Document) -> Sampling:
    """`generation_config.json`, Ollama's parameters, or the GGUF keys `general.sampling.*`."""
    said = {
        "temperature": values.get("general.sampling.temp"),
        "top_p": values.get("general.sampling.top_p"),
        "top_k": values.get("general.sampling.top_k"),
        "min_p": values.get("general.sampling.min_p"),
        "repetition_penalty": values.get("general.sampling.penalty_repeat"),
        **files.document("ollama-params.json", CONFIG_CAP),
        **files.document("generation_config.json", CONFIG_CAP),
    }
    return Sampling(
        temperature=number_in(said, "temperature"),
        top_p=number_in(said, "top_p"),
        top_k=whole_in(said, "top_k"),
        min_p=number_in(said, "min_p"),
        repetition_penalty=number_in(said, "repetition_penalty", "repeat_penalty"),
        presence_penalty=number_in(said, "presence_penalty"),
    )
