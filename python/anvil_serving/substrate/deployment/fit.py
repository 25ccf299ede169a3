"""Whether a model fits the cards that it is to be on, and with how long a context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from msgspec.structs import replace

from anvil_serving.errors import StartupError

from .memory import (
    GIBIBYTE,
    Demand,
    MemoryPlan,
    Remedy,
    batch_tokens_for,
    largest_context,
    plan,
    remedies,
    usual_share,
)

if TYPE_CHECKING:
    from .caveat import Caveat
    from .gpu_target import GpuTarget
    from .memory import ModelSize
    from .order import Order
    from .served_model import ServedModel
    from .serving_engine import EngineName, ServingEngine

__all__ = ["DoesNotFit", "fit_model", "memory_share"]

USUAL_CONTEXT: Final = 131_072
"""What a coding harness asks for; longer ones cost memory that most conversations never use."""

CAUTIOUS_CONTEXT: Final = 32_768
"""Where nothing is known of the model, and what is worth to read prompts in smaller pieces."""

_RUNNING: Final[dict[EngineName, int]] = {"vllm": 16, "sglang": 16, "llama.cpp": 4}
_LEAST_CONTEXT: Final = 4_096
_LEAST_BATCH: Final = 2_048


class DoesNotFit(StartupError):
    """The memory of the card is too small; `remedies` are what would fit."""

    def __init__(self, message: str, plan_: MemoryPlan, found: tuple[Remedy, ...]) -> None:
        says = "; ".join(remedy.says for remedy in found)
        super().__init__(message, hint=f"what would fit: {says}" if says else "choose a smaller model")
        self.plan = plan_
        self.remedies = found


def fit_model(
    order: Order, engine: ServingEngine, model: ServedModel, target: GpuTarget, found: tuple[Caveat, ...]
) -> tuple[Demand, MemoryPlan | None, tuple[str, ...]]:
    """What is demanded of the card, what that takes (None where it is not known), and what there is to say of it.

    Raises `StartupError`, and `DoesNotFit` where the memory is too small.
    """
    card = target.memory_bytes or 0
    place: Literal["card", "machine"] = "machine" if target.kind == "cpu" else "card"
    batch = min(
        (caveat.batch_tokens for caveat in found if caveat.batch_tokens is not None),
        default=batch_tokens_for(card, engine.name),
    )
    demand = Demand(
        engine=engine.name,
        card_bytes=card,
        cards=target.cards,
        context_tokens=_context(order, model),
        sequences=order.sequences,
        running=max(_RUNNING[engine.name], order.sequences),
        cache=order.cache,
        batch_tokens=batch,
        share=order.share or usual_share(engine.name, place),
        place=place,
    )
    _check_heads(engine, model, target)
    size = model.size
    if size is None or not card:
        return demand, None, (_not_estimated(model, target),)
    return _fitted(order, engine, target, size, demand)


def _check_heads(engine: ServingEngine, model: ServedModel, target: GpuTarget) -> None:
    """Raises `StartupError` where heads are not shared evenly, as vLLM and SGLang share them."""
    heads = model.shape.kv_heads if model.shape else None
    cards = target.cards
    if engine.name == "llama.cpp" or not heads or heads == 1 or heads % cards == 0 or cards % heads == 0:
        return
    even = max(number for number in range(1, cards + 1) if heads % number == 0)
    raise StartupError(
        f"{heads} heads cannot be shared evenly by {cards} cards", hint=f"name {even} of them, or use llama.cpp"
    )


def _fitted(
    order: Order, engine: ServingEngine, target: GpuTarget, size: ModelSize, demand: Demand
) -> tuple[Demand, MemoryPlan | None, tuple[str, ...]]:
    warnings: list[str] = []
    wanted = demand.context_tokens if order.context_tokens is not None else min(demand.context_tokens, CAUTIOUS_CONTEXT)
    if demand.batch_tokens > _LEAST_BATCH and not plan(size, replace(demand, context_tokens=wanted)).fits:
        # Reading less of a prompt at once costs some speed, and leaves room.
        demand = replace(demand, batch_tokens=_LEAST_BATCH)
    if order.context_tokens is None:
        # Nobody asked for that much: what fits is taken.
        shorter = largest_context(size, demand)
        if shorter is not None and shorter < demand.context_tokens:
            warnings.append(f"the context is {shorter:,} tokens: more does not fit beside the weights")
            demand = replace(demand, context_tokens=shorter)
    memory = plan(size, demand)
    if not memory.fits:
        raise DoesNotFit(_too_large(memory, target), memory, remedies(size, demand))
    if target.memory_used_bytes > memory.card_bytes - memory.usable_bytes:
        used = target.memory_used_bytes / GIBIBYTE
        warnings.append(f"{used:.1f} GiB of the card are in use now: {engine.title} will not start beside them")
    return demand, memory, tuple(warnings)


def _too_large(memory: MemoryPlan, target: GpuTarget) -> str:
    name = target.name or ("this machine" if target.kind == "cpu" else "the card")
    card = f"the {memory.card_bytes / GIBIBYTE:.0f} GiB of {name}"
    if memory.cards > 1:
        card = f"each of {memory.cards} cards of {memory.card_bytes / GIBIBYTE:.0f} GiB"
    return (
        f"it does not fit into {card}: weights {memory.weights_bytes / GIBIBYTE:.1f} GiB, computing "
        f"{memory.overhead_bytes / GIBIBYTE:.1f} GiB and a cache of {memory.needed_cache_bytes / GIBIBYTE:.1f} GiB for "
        f"{memory.sequences} x {memory.context_tokens:,} tokens are {memory.missing_bytes / GIBIBYTE:.1f} GiB more "
        f"than the {memory.usable_bytes / GIBIBYTE:.1f} GiB that may be used"
    )


def _not_estimated(model: ServedModel, target: GpuTarget) -> str:
    if model.card is None:
        return "whether it fits is not known: the weights are not on this machine"
    if not target.memory_bytes:
        return "whether it fits is not known: nothing is known of the card's memory; pass --gpu-memory"
    return "whether it fits is not known: the model's configuration does not say what its cache takes"


def _context(order: Order, model: ServedModel) -> int:
    limit = model.shape.context_tokens if model.shape else None
    if order.context_tokens is None:
        return min(USUAL_CONTEXT, limit) if limit else CAUTIOUS_CONTEXT if model.shape is None else USUAL_CONTEXT
    if order.context_tokens < _LEAST_CONTEXT and (limit is None or order.context_tokens < limit):
        raise StartupError(
            f"a context of {order.context_tokens} tokens is too short for any harness",
            hint=f"ask for {_LEAST_CONTEXT} at least",
        )
    if limit is not None and order.context_tokens > limit:
        raise StartupError(
            f"the model was made for {limit:,} tokens, and {order.context_tokens:,} are asked for",
            hint=f"pass --context {limit}",
        )
    return order.context_tokens


def memory_share(engine: ServingEngine, demand: Demand, memory: MemoryPlan | None) -> float | None:
    """Of the card, for the engine's option: all that vLLM may use, weights and cache of SGLang; llama.cpp has none."""
    if engine.name == "vllm":
        return round(demand.share, 3)
    if engine.name == "sglang" and memory is not None:
        return round((memory.usable_bytes - memory.overhead_bytes) / memory.card_bytes, 3)
    return None
