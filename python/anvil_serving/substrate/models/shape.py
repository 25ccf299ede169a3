"""A model's shape: what is needed to say whether it fits, and how long a conversation may be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from anvil_serving.errors import AnvilError

from .quantisation import Quantisation

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MAX_LAYERS", "AttentionKind", "AttentionLayers", "ModelShape", "ShapeUnknown", "grouped"]

MAX_LAYERS: Final = 2_000
"""No model has more; what says so is not believed."""

AttentionKind = Literal["full", "sliding", "chunked", "latent", "index"]
"""How a layer attends: to all tokens; to those of a window; to those of its own chunk; to all through one compressed
vector a token (multi-head latent attention); or only the keys by which a sparse layer chooses what it attends to."""


class ShapeUnknown(AnvilError):
    """Too little is said of a model, or in a way that is not known here, to compute what its cache takes."""

    fault = "operator"


class AttentionLayers(Struct, frozen=True, kw_only=True):
    """Layers that keep the same of every token."""

    kind: AttentionKind
    layers: int
    kv_heads: int
    key_dim: int
    """Numbers of a head's key; for `latent`, the rank and the rotated part: there is one for all heads."""
    value_dim: int
    """Numbers of a head's value; 0 where values are made from the keys."""
    window_tokens: int | None = None
    """How many tokens back are kept; None: all."""

    @property
    def values_per_token(self) -> int:
        """Numbers that one of these layers keeps of a token."""
        return self.kv_heads * (self.key_dim + self.value_dim)


class ModelShape(Struct, frozen=True, kw_only=True):
    """What a model's configuration says of its size. What it does not say is None."""

    architecture: str | None = None
    """As the engines name it: `Qwen3MoeForCausalLM` of Transformers, `qwen3moe` of a GGUF file."""
    model_type: str | None = None
    """Transformers' name of the language model's family, such as `qwen3_moe`; a GGUF file's architecture."""
    layers: int | None = None
    attention: tuple[AttentionLayers, ...] | None = None
    """The layers that keep something of every token, by what they keep; None where that is not known."""
    recurrent_layers: int = 0
    """Layers that keep a state of fixed size instead (Mamba, linear attention, short convolutions)."""
    recurrent_bytes: int | None = 0
    """Bytes of all their states, for one sequence; None where that is not known."""
    experts: int | None = None
    """Of each mixture; None for a dense model."""
    experts_per_token: int | None = None
    hidden_size: int | None = None
    vocabulary: int | None = None
    context_tokens: int | None = None
    """The longest conversation that the model is made for, with the scaling of positions that is turned on."""
    quantisation: Quantisation | None = None
    dtype: str | None = None
    """What weights that are not quantised are stored as, such as `bfloat16`."""
    parameters: int | None = None

    @property
    def kv_heads(self) -> int | None:
        """Of the first kind of layers that attends."""
        return self.attention[0].kv_heads if self.attention else None

    @property
    def head_dim(self) -> int | None:
        """Numbers of a key, of the first kind of layers that attends."""
        return self.attention[0].key_dim if self.attention else None

    @property
    def sliding_window(self) -> int | None:
        """Tokens of the smallest window; None where every layer attends to everything."""
        return min((group.window_tokens for group in self.attention or () if group.window_tokens), default=None)

    def kv_cache_bytes(self, tokens: int, sequences: int, bytes_per_value: float) -> int:
        """Bytes that `sequences` conversations of `tokens` tokens each keep of their tokens.

        A window's layers keep its tokens and no more. That is the least that an engine can do: llama.cpp keeps a window
        and a batch, an engine without caches of two kinds keeps everything, and all round up to blocks. Not in it: the
        states of recurrent layers (`recurrent_bytes` a sequence), and a quantised cache's scales unless
        `bytes_per_value` has them. Raises `ShapeUnknown`.
        """
        if self.attention is None:
            raise ShapeUnknown(
                f"what the cache of {self.architecture or 'this model'} takes is not known",
                hint="its configuration describes layers that this version does not know",
            )
        kept = sum(
            group.layers * group.values_per_token * min(tokens, group.window_tokens or tokens)
            for group in self.attention
        )
        return math.ceil(kept * sequences * bytes_per_value)


def grouped(layers: Iterable[AttentionLayers]) -> tuple[AttentionLayers, ...]:
    """Those alike counted together, in the order of the first of each; none that keep nothing."""
    counts: dict[AttentionLayers, int] = {}
    for layer in layers:
        if layer.values_per_token:
            counts[layer] = counts.get(layer, 0) + 1
    return tuple(replace(layer, layers=layer.layers * count) for layer, count in counts.items())
