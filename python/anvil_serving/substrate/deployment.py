"""A service for a model on a card: every decision that is made about it, and why it cannot be where it cannot."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from anvil_serving.errors import StartupError
from anvil_serving.layout import printable

from .caveat import Caveat, caveats_for
from .gpu_target import GpuTarget
from .image_reference import check_image
from .memory import (
    GIBIBYTE,
    SHARES,
    CacheKind,
    Demand,
    MemoryPlan,
    Remedy,
    batch_tokens_for,
    largest_context,
    plan,
    remedies,
)
from .served_model import ServedModel
from .serving_engine import EngineName, ServingEngine, engine_named

if TYPE_CHECKING:
    from .memory import ModelSize

__all__ = ["Deployment", "DoesNotFit", "Order", "design", "engine_for"]

USUAL_CONTEXT: Final = 131_072
"""What a coding harness asks for; longer ones cost memory that most conversations never use."""

_NAME_CAP: Final = 200
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


class Order(Struct, frozen=True, kw_only=True):
    """What a person asks for; None is for us to decide."""

    name: str
    """Of the serve, and of its tier."""
    served_name: str
    engine: EngineName | None = None
    host: str = "127.0.0.1"
    port: int = 30_000
    context_tokens: int | None = None
    sequences: int = 1
    cache: CacheKind = "16bit"
    share: float | None = None
    image: str | None = None
    unpinned: bool = False
    """Whether an image may be one that moves."""
    no_thinking: bool = False
    """Whether the server itself turns thinking off, for callers who send nothing."""
    wsl: bool = False
    """Whether this machine is a Linux in Windows (WSL2)."""


class Deployment(Struct, frozen=True, kw_only=True):
    """A service as it is to be."""

    name: str
    served_name: str
    engine: ServingEngine
    model: ServedModel
    target: GpuTarget
    image: str
    service: str
    container: str
    host: str
    port: int
    context_tokens: int
    sequences: int
    running: int
    cache: CacheKind
    batch_tokens: int
    memory_share: float | None
    """Of the card, for the option that the engine has for it; None where it has none."""
    memory: MemoryPlan | None
    """None where it cannot be estimated."""
    options: tuple[str, ...] = ()
    """Further ones, that the card or the family needs."""
    environment: Mapping[str, str] = {}
    no_thinking: bool = False
    caveats: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_private(self) -> bool:
        """Whether only this machine reaches it."""
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def tool_support(self) -> bool:
        """Whether it parses the calls that the model writes."""
        parsers = self.model.family.parsers(self.engine.name) if self.model.family else None
        return self.engine.name == "llama.cpp" or (parsers is not None and parsers.tool_call_parser is not None)

    @property
    def thinks(self) -> bool:
        """Whether the model thinks before it answers, unless a request says otherwise."""
        family = self.model.family
        return family is not None and family.thinking is not None and family.thinking.default


def engine_for(model: ServedModel) -> EngineName:
    """The engine for weights as they are stored: llama.cpp for GGUF, vLLM for NVFP4, SGLang for the others."""
    if model.source.format == "gguf":
        return "llama.cpp"
    return "vllm" if model.scheme in {"nvfp4", "fp4"} else "sglang"


def design(order: Order, model: ServedModel, target: GpuTarget) -> Deployment:
    """Decides what is left open. Raises `StartupError`, and `DoesNotFit` where the card's memory is too small."""
    engine = engine_named(order.engine or engine_for(model))
    _check_names(order, engine)
    _check_format(engine, model)
    if target.kind == "cpu" and engine.name != "llama.cpp":
        raise StartupError(f"{engine.title} needs a GPU", hint="use --engine llama.cpp with a GGUF file")
    image, image_warnings = _image(order, engine, target)
    found = caveats_for(engine.name, target.compute_capability, model.scheme, mixture=model.is_mixture)
    for caveat in found:
        if caveat.refuse:
            raise StartupError(caveat.says, hint=caveat.remedy)
    demand, memory, memory_warnings = _memory(order, engine, model, target, found)
    parsers = model.family.parsers(engine.name) if model.family else None
    return Deployment(
        name=order.name,
        served_name=order.served_name,
        engine=engine,
        model=model,
        target=target,
        image=image,
        service=_slug(order.name),
        container=f"{engine.name.replace('.', '')}-{_slug(order.name)}",
        host=_host(order.host),
        port=order.port,
        context_tokens=demand.context_tokens,
        sequences=demand.sequences,
        running=demand.running,
        cache=demand.cache,
        batch_tokens=demand.batch_tokens,
        memory_share=_memory_share(engine, demand, memory),
        memory=memory,
        options=(*(parsers.options if parsers else ()), *(word for caveat in found for word in caveat.options)),
        environment=_environment(order, engine, found),
        no_thinking=order.no_thinking,
        caveats=tuple(caveat.name for caveat in found),
        warnings=(
            *image_warnings,
            *(caveat.says for caveat in found),
            *memory_warnings,
            *_warnings(order, engine, model, target),
        ),
    )


def _check_names(order: Order, engine: ServingEngine) -> None:
    for what, name in (("serve", order.name), ("served model", order.served_name)):
        if not name.strip() or not name.isprintable() or len(name) > _NAME_CAP:
            raise StartupError(
                f"{printable(name[:80])!r} is no name of a {what}", hint=f"use up to {_NAME_CAP} printable characters"
            )
        if name.startswith("-"):
            raise StartupError(
                f"{name!r} would be taken for an option of {engine.title}", hint="let the name begin with a letter"
            )
    if engine.name == "llama.cpp" and "," in order.served_name:
        raise StartupError(
            f"{order.served_name!r} would be several names for llama.cpp, which parts them at commas",
            hint="choose a --served-name without a comma",
        )


def _check_format(engine: ServingEngine, model: ServedModel) -> None:
    stored = model.source.format
    if stored is None or stored in engine.formats:
        return
    if stored == "gguf":
        raise StartupError(f"{engine.title} does not serve GGUF files well", hint="use --engine llama.cpp")
    raise StartupError(
        f"{engine.title} reads GGUF files, and these weights are {stored}",
        hint="use --engine sglang or vllm, or download the model as GGUF",
    )


def _host(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        hint = "write 127.0.0.1: localhost may be tried over IPv6 first, which can take seconds"
        if text.lower() != "localhost":
            hint = "write an IP address of this machine; 127.0.0.1 lets only this machine in"
        raise StartupError(f"{printable(text[:80])!r} is no address to publish on", hint=hint) from None


def _image(order: Order, engine: ServingEngine, target: GpuTarget) -> tuple[str, tuple[str, ...]]:
    if order.image is not None:
        return check_image(order.image, unpinned=order.unpinned), ()
    image = engine.image_for(target.driver, gpu=target.kind != "cpu")
    if image is None:
        oldest = min((known.driver for known in engine.images if known.driver is not None), default=0)
        raise StartupError(
            f"the images of {engine.title} that are known here need NVIDIA driver {oldest}, and this one is "
            f"{target.driver}",
            hint="install a newer driver, choose another --engine, or name an older --image",
        )
    if image.digest is None:
        return image.reference, (f"the digest of {image.reference} is not known here: its tag alone pins it",)
    return image.reference, ()


def _memory(
    order: Order, engine: ServingEngine, model: ServedModel, target: GpuTarget, found: tuple[Caveat, ...]
) -> tuple[Demand, MemoryPlan | None, tuple[str, ...]]:
    """What is demanded of the card, and what it takes."""
    card = target.memory_bytes or 0
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
        share=order.share or SHARES[engine.name],
    )
    _check_heads(engine, model, target)
    size = model.size
    if size is None or not card:
        return demand, None, (_not_estimated(model, target),)
    return _fitted(order, engine, target, size, demand)


def _check_heads(engine: ServingEngine, model: ServedModel, target: GpuTarget) -> None:
    """vLLM and SGLang share heads among cards evenly, or each head among some of them."""
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
    if demand.batch_tokens > _LEAST_BATCH and not plan(size, replace(demand, context_tokens=_LEAST_CONTEXT)).fits:
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
    card = f"the {memory.card_bytes / GIBIBYTE:.0f} GiB of {target.name or 'the card'}"
    if memory.cards > 1:
        card = f"each of {memory.cards} cards of {memory.card_bytes / GIBIBYTE:.0f} GiB"
    return (
        f"it does not fit into {card}: weights {memory.weights_bytes / GIBIBYTE:.1f} GiB, computing "
        f"{memory.overhead_bytes / GIBIBYTE:.1f} GiB and a cache of {memory.needed_cache_bytes / GIBIBYTE:.1f} GiB for "
        f"{memory.sequences} x {memory.context_tokens:,} tokens are {memory.missing_bytes / GIBIBYTE:.1f} GiB more "
        f"than the {memory.usable_bytes / GIBIBYTE:.1f} GiB that may be used"
    )


def _not_estimated(model: ServedModel, target: GpuTarget) -> str:
    if not model.source.is_here:
        return "whether it fits is not known: the weights are not on this machine"
    if not target.memory_bytes:
        return "whether it fits is not known: nothing is known of the card's memory; pass --gpu-memory"
    return "whether it fits is not known: the model's configuration does not say what its cache takes"


def _context(order: Order, model: ServedModel) -> int:
    limit = model.shape.context_tokens if model.shape else None
    if order.context_tokens is None:
        return min(USUAL_CONTEXT, limit) if limit else 32_768 if model.shape is None else USUAL_CONTEXT
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


def _memory_share(engine: ServingEngine, demand: Demand, memory: MemoryPlan | None) -> float | None:
    """The option of vLLM is all that it may use; SGLang's is for weights and cache alone."""
    if engine.name == "vllm":
        return round(demand.share, 3)
    if engine.name == "sglang" and memory is not None:
        return round((memory.usable_bytes - memory.overhead_bytes) / memory.card_bytes, 3)
    return None


def _environment(order: Order, engine: ServingEngine, found: tuple[Caveat, ...]) -> dict[str, str]:
    values = {"HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
    if engine.name == "vllm":
        values["VLLM_NO_USAGE_STATS"] = "1"
        if order.wsl:
            values["VLLM_USE_V2_MODEL_RUNNER"] = "0"  # it addresses host memory in a way that WSL2 does not offer
    for caveat in found:
        values |= caveat.environment
    return values


def _warnings(order: Order, engine: ServingEngine, model: ServedModel, target: GpuTarget) -> list[str]:
    found = []
    if not ipaddress.ip_address(_host(order.host)).is_loopback:
        found.append(f"whoever reaches {order.host}:{order.port} may use the model: it asks for no key")
        if engine.name == "vllm":
            found.append("vLLM's --api-key would cover only its /v1 paths: put a proxy or a firewall before it")
    if model.family is None:
        found.append("the model is of no family that is known here: tool calls and thinking are not parsed")
    elif model.family.thinking is not None and model.family.thinking.default and model.family.thinking.switch is None:
        found.append("the model always thinks: give it a max_tokens of 4,096 or more, or its answers are empty")
    if target.kind == "index":
        found.append("the card is pinned by its number, which is not reliable: no UUID is known without its driver")
    if target.kind != "cpu" and target.compute_capability is None:
        found.append("nothing is known of the card's kind: what goes wrong on some cards was not looked for")
    if order.wsl and str(model.source.mount or "").startswith("/mnt/"):
        found.append(
            "the weights lie on a Windows drive, from which they are loaded slowly and into RAM: copy them into WSL2"
        )
    return found


def _slug(name: str) -> str:
    """What Docker and Compose take for a name (Compose specification, `name`: small letters, digits, `-` and `_`)."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower(), flags=re.ASCII).strip("-")[:60].rstrip("-") or "model"
