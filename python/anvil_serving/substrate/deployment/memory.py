"""What a model takes of a card's memory: weights, cache, and what an engine needs to compute; and what would fit.

All sums are of one card. They are estimates: an engine measures itself at its start, and gives the cache what is left.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from msgspec import Struct

from anvil_serving.substrate.models.shape import ModelShape

from .serving_engine import EngineName

if TYPE_CHECKING:
    from collections.abc import Callable

    from anvil_serving.substrate.models.shape import AttentionLayers

__all__ = [
    "GIBIBYTE",
    "CacheKind",
    "Demand",
    "MemoryPlan",
    "ModelSize",
    "Remedy",
    "batch_tokens_for",
    "largest_context",
    "plan",
    "remedies",
    "usual_share",
]

GIBIBYTE: Final = 1024**3
MEBIBYTE: Final = 1024**2

CacheKind = Literal["16bit", "8bit"]
RemedyKind = Literal["share", "context", "sequences", "cache", "cards", "card", "weights"]

SHARES: Final[dict[EngineName, float]] = {"vllm": 0.90, "sglang": 0.97, "llama.cpp": 0.95}
"""Of a card, what an engine may take. vLLM's own default is 0.92, and 0.90 leaves room for what it does not count;
SGLang's own sum of what it computes with is generous; llama.cpp leaves 1 GiB by itself (`--fit-target`)."""

_BYTES_PER_VALUE: Final[dict[tuple[EngineName, CacheKind], float]] = {
    ("llama.cpp", "8bit"): 34 / 32,
}
"""`q8_0` keeps a scale of two bytes for each 32 values (ggml, `block_q8_0`). The others: 2 and 1."""

_STORED_BITS: Final = (
    (8.5, "8 bits (FP8, Q8_0)"),
    (4.85, "4 bits (AWQ, GPTQ, NVFP4, Q4_K_M)"),
    (3.0, "3 bits or fewer (Q2_K)"),
)
"""Bits that a parameter takes, with the scales and with what is left whole: sizes of published files by parameters."""

_MACHINE_SHARE: Final = 0.75
_STEP: Final = 1_024
_LEAST_CONTEXT: Final = 4_096
_MOST_TOKENS: Final = 1 << 30


class ModelSize(Struct, frozen=True, kw_only=True):
    """What memory has to hold of a model."""

    weights_bytes: int
    shape: ModelShape


class Demand(Struct, frozen=True, kw_only=True):
    """What a service is to hold at once, and on what."""

    engine: EngineName
    card_bytes: int
    cards: int = 1
    context_tokens: int
    sequences: int = 1
    """Conversations of the whole context at the same time."""
    running: int = 16
    """Requests at the same time; those that are shorter share the cache."""
    cache: CacheKind = "16bit"
    batch_tokens: int = 4_096
    """Tokens of prompts that are read at once."""
    share: float
    """Of a card, what the engine may take."""
    place: Literal["card", "machine"] = "card"
    """Where the memory is: without a GPU, it is the machine's."""

    @property
    def bytes_per_value(self) -> float:
        """Of a number in the cache."""
        return _BYTES_PER_VALUE.get((self.engine, self.cache), 2.0 if self.cache == "16bit" else 1.0)


class MemoryPlan(Struct, frozen=True, kw_only=True):
    """Bytes of each card."""

    cards: int
    card_bytes: int
    usable_bytes: int
    weights_bytes: int
    overhead_bytes: int
    """For computing: activations, recorded CUDA graphs, the driver's own; and states of fixed size."""
    cache_bytes: int
    """What is left for the cache; below 0: not even the weights fit."""
    needed_cache_bytes: int
    """What `sequences` conversations of `context_tokens` tokens keep."""
    context_tokens: int
    sequences: int
    cache: CacheKind
    cache_tokens: int
    """Tokens of one conversation that the cache has room for, were it as long as it liked."""

    @property
    def fits(self) -> bool:
        """Whether all of it fits at once."""
        return self.needed_cache_bytes <= self.cache_bytes

    @property
    def missing_bytes(self) -> int:
        """What does not fit; 0 where all does."""
        return max(0, self.needed_cache_bytes - self.cache_bytes)


class Remedy(Struct, frozen=True, kw_only=True):
    """Something that was computed to fit where what was asked for does not."""

    kind: RemedyKind
    says: str
    demand: Demand
    weights_bytes: int


def batch_tokens_for(card_bytes: int, engine: EngineName) -> int:
    """Tokens of prompts to read at once: more on larger cards, as SGLang has it (0.5.20, `memory_hook.py`)."""
    if engine == "llama.cpp":
        return 512
    if card_bytes < 20 * GIBIBYTE:
        return 2_048
    return 4_096 if card_bytes < 60 * GIBIBYTE else 8_192


def usual_share(engine: EngineName, place: Literal["card", "machine"]) -> float:
    """What an engine may take: of a machine's memory, it leaves a quarter to others."""
    return SHARES[engine] if place == "card" else _MACHINE_SHARE


def plan(size: ModelSize, demand: Demand) -> MemoryPlan:
    """What `demand` takes. Raises `ShapeUnknown`."""
    shape = _of_one_card(size.shape, demand)
    weights = math.ceil(size.weights_bytes / demand.cards * (1.0 if demand.cards == 1 else 1.02))
    overhead = _overhead(size.shape, demand)
    usable = math.floor(demand.card_bytes * demand.share)
    left = usable - weights - overhead

    def kept(tokens: int, sequences: int = 1) -> int:
        return shape.kv_cache_bytes(tokens, sequences, demand.bytes_per_value)

    return MemoryPlan(
        cards=demand.cards,
        card_bytes=demand.card_bytes,
        usable_bytes=usable,
        weights_bytes=weights,
        overhead_bytes=overhead,
        cache_bytes=left,
        needed_cache_bytes=kept(demand.context_tokens, demand.sequences),
        context_tokens=demand.context_tokens,
        sequences=demand.sequences,
        cache=demand.cache,
        cache_tokens=_largest(lambda tokens: kept(tokens) <= left, _MOST_TOKENS, step=1),
    )


def largest_context(size: ModelSize, demand: Demand) -> int | None:
    """The longest context up to the demanded one that fits, in steps of 1,024 tokens; None where 4,096 do not."""

    def fits(tokens: int) -> bool:
        return plan(size, msgspec.structs.replace(demand, context_tokens=tokens)).fits

    if fits(demand.context_tokens):
        return demand.context_tokens
    found = _largest(fits, demand.context_tokens, step=_STEP)
    return found if found >= _LEAST_CONTEXT else None


def remedies(size: ModelSize, demand: Demand) -> tuple[Remedy, ...]:
    """What would fit instead, one change at a time where one is enough; each was computed. Raises `ShapeUnknown`."""
    change = msgspec.structs.replace

    def remedy(kind: RemedyKind, says: str, other: Demand) -> Remedy:
        return Remedy(kind=kind, says=says, demand=other, weights_bytes=size.weights_bytes)

    found: list[Remedy] = []
    usual = change(demand, share=max(demand.share, usual_share(demand.engine, demand.place)))
    if plan(size, usual).fits:
        found.append(remedy("share", f"the usual share of the card (--gpu-mem-util {usual.share:g})", usual))
    shorter = largest_context(size, demand)
    if shorter is not None and shorter < demand.context_tokens:
        other = change(demand, context_tokens=shorter)
        found.append(remedy("context", f"a context of {shorter:,} tokens (--context {shorter})", other))
    fewer = _largest(lambda number: plan(size, change(demand, sequences=number)).fits, demand.sequences - 1, step=1)
    if fewer:
        says = f"{fewer} such conversation{'s' if fewer > 1 else ''} at once (--sequences {fewer})"
        found.append(remedy("sequences", says, change(demand, sequences=fewer)))
    smaller = change(demand, cache="8bit")
    longest = largest_context(size, smaller) if demand.cache == "16bit" else None
    if longest == demand.context_tokens:
        found.append(remedy("cache", "a cache of 8 bits (--kv-cache 8bit)", smaller))
    elif longest is not None:
        says = f"a cache of 8 bits and a context of {longest:,} tokens (--kv-cache 8bit --context {longest})"
        found.append(remedy("cache", says, change(smaller, context_tokens=longest)))
    doubled = change(demand, cards=demand.cards * 2)
    if demand.place == "card" and plan(size, doubled).fits:
        numbers = ",".join(str(number) for number in range(doubled.cards))
        found.append(remedy("cards", f"{doubled.cards} such cards (--gpu {numbers})", doubled))
    gibibytes = math.ceil(_card_that_fits(size, demand) / GIBIBYTE)
    says = f"a card of {gibibytes} GiB" if demand.place == "card" else f"{gibibytes} GiB of RAM"
    found.append(remedy("card", says, change(demand, card_bytes=gibibytes * GIBIBYTE)))
    return (*found, *_smaller_weights(size, demand))


def _smaller_weights(size: ModelSize, demand: Demand) -> tuple[Remedy, ...]:
    """A quantisation with which everything that was asked for fits."""
    parameters = size.shape.parameters or 0
    for bits, name in _STORED_BITS:
        weights = int(parameters * bits / 8)
        if 0 < weights < size.weights_bytes and plan(ModelSize(weights_bytes=weights, shape=size.shape), demand).fits:
            says = f"weights in {name}, about {weights / GIBIBYTE:.1f} GiB"
            return (Remedy(kind="weights", says=says, demand=demand, weights_bytes=weights),)
    return ()


def _card_that_fits(size: ModelSize, demand: Demand) -> int:
    """The smallest card, in bytes and with its own share, that holds what is demanded."""
    found = plan(size, demand)
    total = found.weights_bytes + found.overhead_bytes + found.needed_cache_bytes
    return math.ceil((total + 1) / demand.share)


def _overhead(shape: ModelShape, demand: Demand) -> int:
    """What one card needs besides weights and cache."""
    hidden, vocabulary = shape.hidden_size or 4_096, shape.vocabulary or 128_000
    states = (shape.recurrent_bytes or 0) * max(demand.running, demand.sequences) // demand.cards
    if demand.engine == "sglang":
        # Its own reserve (0.5.20, `memory_hook.py`): 0.5 GiB, 1.5 MiB a token read at once, 2 MiB a recorded batch, and
        # 8 MiB for each of about 50 recorded prefills.
        reserve = 512 + 1.5 * max(demand.batch_tokens, 2_048) + 2 * demand.running + 400 + 128 * demand.cards
        return math.ceil(reserve * MEBIBYTE) + states
    # Logits of every token that is sampled from, twice; for each token read at once some twenty vectors of the hidden
    # size (gate and up are several times as wide); and the driver's own with its libraries.
    logits = 2 * 4 * vocabulary * (demand.running if demand.engine == "vllm" else demand.batch_tokens // 2)
    activations = 24 * 2 * hidden * demand.batch_tokens
    fixed = 1_280 * MEBIBYTE if demand.engine == "vllm" else 640 * MEBIBYTE
    return fixed + logits + activations + states


def _of_one_card(shape: ModelShape, demand: Demand) -> ModelShape:
    """What one of several cards keeps: its heads of every layer, or, in llama.cpp, its layers."""
    if demand.cards == 1 or shape.attention is None:
        return shape
    return msgspec.structs.replace(shape, attention=tuple(_part(group, demand) for group in shape.attention))


def _part(group: AttentionLayers, demand: Demand) -> AttentionLayers:
    change = msgspec.structs.replace
    if demand.engine == "llama.cpp":
        return change(group, layers=math.ceil(group.layers / demand.cards))
    if group.kind in {"latent", "index"}:
        return group  # one vector for all heads: every card keeps it
    return change(group, kv_heads=math.ceil(group.kv_heads / demand.cards))


def _largest(fits: Callable[[int], bool], most: int, *, step: int) -> int:
    """The largest multiple of `step` up to `most` that fits, where all smaller ones do; 0 where none does."""
    low, high = 0, max(0, most) // step
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle * step):
            low = middle
        else:
            high = middle - 1
    return low * step
