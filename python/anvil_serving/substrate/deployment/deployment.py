"""A service for a model on a card: every decision that is made about it, and why it cannot be where it cannot."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from anvil_serving.errors import StartupError
from anvil_serving.layout import printable

from .caveat import Caveat, caveats_for
from .fit import fit_model, memory_share
from .gpu_target import GpuTarget
from .image_reference import check_image
from .memory import GIBIBYTE, CacheKind, MemoryPlan
from .served_model import ServedModel
from .serving_engine import EngineName, ServingEngine, engine_named

if TYPE_CHECKING:
    from anvil_serving.substrate.models.card import EngineFit

    from .order import Order

__all__ = ["Deployment", "design", "engine_for"]

_NAME_CAP: Final = 200
_ONE_FILE_AT_A_TIME: Final = ("--model-loader-extra-config", '{"enable_multithread_load": false}')


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
    def cache_bytes(self) -> int | None:
        """Of each card, what the cache takes: all that is left, or in llama.cpp what was asked for."""
        if self.memory is None:
            return None
        return self.memory.needed_cache_bytes if self.engine.name == "llama.cpp" else self.memory.cache_bytes

    @property
    def cache_tokens(self) -> int | None:
        """How many the cache has room for."""
        if self.memory is None:
            return None
        return self.context_tokens * self.sequences if self.engine.name == "llama.cpp" else self.memory.cache_tokens

    @property
    def memory_line(self) -> str | None:
        """The memory in words; None where it is not known."""
        if self.memory is None or self.cache_bytes is None:
            return None
        parts = (self.memory.weights_bytes, self.memory.overhead_bytes, self.cache_bytes, self.memory.card_bytes)
        weights, computing, cache, card = (f"{part / GIBIBYTE:.1f}" for part in parts)
        return (
            f"weights {weights} + computing {computing} + cache {cache} GiB of {card}, estimated; "
            f"the cache holds {self.cache_tokens:,} tokens"
        )

    @property
    def tool_support(self) -> bool:
        """Whether it parses the calls that the model writes."""
        parsers = self.model.family.parsers(self.engine.name) if self.model.family else None
        return self.engine.name == "llama.cpp" or (parsers is not None and parsers.tool_call_parser is not None)


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
    demand, memory, memory_warnings = fit_model(order, engine, model, target, found)
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
        memory_share=memory_share(engine, demand, memory),
        memory=memory,
        options=(
            *(parsers.options if parsers else ()),
            *(word for caveat in found for word in caveat.options),
            # Several files at once pull a model through RAM faster than WSL2's half of it is freed.
            *(_ONE_FILE_AT_A_TIME if order.wsl and engine.name == "sglang" else ()),
        ),
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
        fit = _fit(engine, model)
        if fit is not None and fit.loadable == "no":
            raise StartupError(f"{engine.title} does not load it: {fit.reason}", hint="choose another --engine")
        return
    if stored == "gguf":
        raise StartupError(f"{engine.title} does not serve GGUF files well", hint="use --engine llama.cpp")
    raise StartupError(
        f"{engine.title} reads GGUF files, and these weights are {stored}",
        hint="use --engine sglang or vllm, or download the model as GGUF",
    )


def _fit(engine: ServingEngine, model: ServedModel) -> EngineFit | None:
    """What the table of engines says of the model."""
    fits = model.card.engines if model.card else ()
    return next((fit for fit in fits if fit.engine == engine.name), None)


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
    fit = _fit(engine, model)
    if fit is not None and fit.loadable == "perhaps":
        found.append(f"{engine.title} may not load it: {fit.reason}")
    if model.family is None:
        found.append("the model is of no family that is known here: tool calls and thinking are not parsed")
    thinking = model.thinking
    if thinking is not None and thinking.default and thinking.switch is None:
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
