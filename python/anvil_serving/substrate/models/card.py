"""What there is to know about a model on this machine before it is served."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .found import WeightFormat
from .roots import RootKind
from .shape import ModelShape
from .template import ThinkingDefault

__all__ = ["EngineFit", "Loadable", "ModelCard", "Sampling", "Sizes", "Stored"]

Loadable = Literal["yes", "no", "perhaps"]


class EngineFit(Struct, frozen=True, kw_only=True):
    """Whether an engine loads a model."""

    engine: str
    loadable: Loadable
    reason: str | None = None
    """Why not, or on what it depends."""
    caveats: tuple[str, ...] = ()
    """What is known to go wrong on some cards."""


class Sampling(Struct, frozen=True, kw_only=True):
    """How its makers say that answers are to be drawn. What they do not say is None."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    presence_penalty: float | None = None


class Stored(Struct, frozen=True):
    """Numbers of one type."""

    dtype: str
    """Safetensors' name of it, such as `BF16`."""
    numbers: int


class Sizes(Struct, frozen=True, kw_only=True):
    """What a model takes."""

    size_bytes: int
    """On the disk; a file of several names counts once."""
    weights_bytes: int
    """Of that, weights: about what a card holds before any conversation."""
    cache_bytes_per_token: int | None = None
    """Of each further token of a conversation at 16 bits a value, beyond all windows; None where it is not known."""


class ModelCard(Struct, frozen=True, kw_only=True):
    """A model on this machine."""

    name: str
    """`OWNER/NAME` of the Hub; of a GGUF file with its quantisation after a colon."""
    source: RootKind
    path: str
    """What an engine is pointed at: a folder, or the first GGUF file."""
    revision: str | None
    revisions: int
    """How many of them the cache keeps."""
    format: WeightFormat | None
    sizes: Sizes
    disk_bytes: int
    """With other revisions, and what is half downloaded."""
    whole: bool
    """Whether all of its weights are there, and are what they should be."""
    problems: tuple[str, ...]
    """Why it is not whole, and what of it could not be read."""
    shape: ModelShape
    stored_as: tuple[Stored, ...]
    """What numbers are in its safetensors files, by type."""
    licence: str | None
    base_model: str | None
    task: str | None
    """The Hub's `pipeline_tag`, such as `text-generation`."""
    thinking: ThinkingDefault | None
    thinking_switch: str | None
    tools: bool | None
    """Whether its chat template takes tools; None where there is none."""
    sampling: Sampling
    from_hub: tuple[str, ...]
    """Members that the Hub was asked for, and that the files do not say."""
    engines: tuple[EngineFit, ...]
