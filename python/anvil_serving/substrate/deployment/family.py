"""Families of models: how they call tools, how they think, and what they are sampled with."""

from __future__ import annotations

import functools
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from msgspec import Struct

from anvil_serving.substrate.data_table import read_table

if TYPE_CHECKING:
    from .serving_engine import EngineName

__all__ = ["EngineParsers", "Family", "Sampling", "Thinking", "families", "family_of"]


class EngineParsers(Struct, frozen=True, forbid_unknown_fields=True):
    """What an engine is to be told of a family."""

    source: str
    tool_call_parser: str | None = None
    reasoning_parser: str | None = None
    options: tuple[str, ...] = ()


class Thinking(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a family thinks before it answers, and how it is told not to."""

    default: bool
    """Whether it does unless told otherwise. Then a small `max_tokens` is spent on it, and the answer is empty."""
    switch: str | None = None
    """The member of `chat_template_kwargs` that tells it; None: it cannot be told."""
    off: bool | str | None = None
    """The value of `switch` for no thinking, or as little as can be."""
    in_template: bool = True
    """False: `switch` is a member of the request itself."""


class Sampling(Struct, frozen=True, forbid_unknown_fields=True):
    """How the model's makers sample it. None: they do not say."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None


class Family(Struct, frozen=True, forbid_unknown_fields=True):
    """A row of the table."""

    name: str
    source: str
    types: tuple[str, ...]
    names: tuple[str, ...]
    vllm: EngineParsers
    sglang: EngineParsers
    any: bool = False
    """Whether a type or a name is enough; both are needed otherwise."""
    thinking: Thinking | None = None
    sampling: Sampling = Sampling()

    def fits(self, model_type: str | None, name: str) -> bool:
        """Whether a model is of it. Where nothing is known of its type, the name decides."""
        named = _matches(name.lower(), self.names)
        if model_type is None:
            return named
        typed = _matches(model_type.lower(), self.types)
        return typed or named if self.any else typed and named

    def parsers(self, engine: EngineName) -> EngineParsers | None:
        """What this engine is told; None for llama.cpp, which goes by the model's own template."""
        return {"vllm": self.vllm, "sglang": self.sglang, "llama.cpp": None}[engine]


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    family: tuple[Family, ...]


@functools.cache
def families() -> tuple[Family, ...]:
    """The whole table; the first row that fits a model is its family."""
    return read_table(__name__, "families.toml", _Table).family


def family_of(model_type: str | None, name: str) -> Family | None:
    """The family of a model by its type (Transformers' or GGUF's; None: not known) and its name."""
    return next((family for family in families() if family.fits(model_type, name)), None)


def _matches(text: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
