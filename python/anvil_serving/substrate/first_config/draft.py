"""A first configuration, drafted from what was found: it loads without a warning, and serves at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from anvil_serving.config import PRESET_WORK_CLASSES, Serve
from anvil_serving.errors import StartupError
from anvil_serving.layout import count, printable
from anvil_serving.substrate.engine import Engine, EngineModel, Finding, address_of

from .draft_text import Mode, config_text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ASSUMED_CONTEXT", "COMFORTABLE_CONTEXT", "Draft", "DraftTier", "Machine", "draft", "more_context"]

ASSUMED_CONTEXT: Final = 4_096
"""Tokens of an engine that does not say: what Ollama and LM Studio give a model unless told otherwise. Too little is
refused in words; too much is cut off without one."""

COMFORTABLE_CONTEXT: Final = 32_768
"""Tokens below which coding harnesses run into the end: their first prompt alone takes 15,000 to 25,000."""

_ON_DEMAND: Final = frozenset({"Ollama", "LM Studio"})
"""Engines that list what they could load, and not only what they run."""
_MOST_TIERS: Final = 8
_MOST_TOKENS: Final = 1_000_000_000
_MOST_NAMED: Final = 12
"""Models that a comment lists."""
_LOAD_FACTOR: Final = 1.2
"""What a model takes in memory, against its file: its cache and buffers come on top."""


class Machine(Struct, frozen=True, kw_only=True):
    """What the draft depends on of the machine."""

    memory_bytes: int | None
    """What one model may take, where that is known."""
    has_gpu: bool
    serves: tuple[Serve, ...] = ()
    """What the manifest says of the engines: names and keys are taken from there."""


class DraftTier(Struct, frozen=True, kw_only=True):
    """One tier of the draft."""

    id: str
    engine: Engine
    model: EngineModel
    context_limit: int
    is_context_assumed: bool
    """The engine does not say what it gives a request."""
    serve: Serve | None = None
    """The entry of the manifest that it runs by."""


class Draft(Struct, frozen=True, kw_only=True):
    """The configuration as text, and what a person should know of it."""

    text: str
    tiers: tuple[DraftTier, ...]
    """Those that answer conversations, the best one last of them; one for embeddings may come behind."""
    notes: tuple[str, ...]


def draft(
    findings: Sequence[Finding],
    machine: Machine,
    *,
    port: int,
    date: str,
    mode: Mode = "gated",
    context_tokens: int | None = None,
) -> Draft:
    """A configuration for the engines among `findings`.

    `context_tokens` stands in where an engine does not say its window. Raises `StartupError` where no engine has a
    model that answers conversations.
    """
    tiers: list[DraftTier] = []
    notes: list[str] = []
    embedding: DraftTier | None = None
    for finding in findings:
        notes += [_does_not_run(serve, finding) for serve in machine.serves if _is_silent(serve, finding)]
    for engine in (finding.engine for finding in findings if finding.engine is not None):
        chosen, passed_by = _choose(engine, machine.memory_bytes)
        tiers += [_tier(engine, model, context_tokens, machine.serves) for model in chosen]
        notes += _passed_by(engine, passed_by)
        maker = next((model for model in engine.models if not model.serves_chat and not model.runs_elsewhere), None)
        if embedding is None and maker is not None:
            embedding = _tier(engine, maker, context_tokens, machine.serves)
    if not tiers:
        raise StartupError(
            "no engine that was found has a model that answers conversations",
            hint="load one (such as `ollama pull qwen3`), then run this again",
        )
    tiers = sorted(tiers, key=_rank)[-_MOST_TIERS:]
    named = _named([*tiers, *([embedding] if embedding is not None else [])])
    chats = [tier for tier in named if tier.model.serves_chat]
    notes += [note for tier in chats for note in _warnings_about(tier)]
    text = config_text(named, port=port, date=date, mode=mode, has_gpu=machine.has_gpu)
    return Draft(text=text, tiers=tuple(named), notes=tuple(notes))


def more_context(engine: Engine, model: str) -> str:
    """How an engine is told to give a model a larger window, for a person."""
    return {
        "Ollama": "restart it with OLLAMA_CONTEXT_LENGTH=65536",
        "LM Studio": f"lms load {printable(model)} --context-length 65536",
        "llama.cpp": "restart it with a larger -c, which its -np slots share",
        "vLLM": "restart it with a larger --max-model-len",
        "SGLang": "restart it with a larger --context-length",
    }[engine.kind]


def _choose(engine: Engine, memory_bytes: int | None) -> tuple[list[EngineModel], list[EngineModel]]:
    """The models that become tiers, and those that could have."""
    able = [model for model in engine.models if model.serves_chat and not model.runs_elsewhere]
    loaded = [model for model in able if model.is_loaded]
    # An engine that runs one model lists its other names and its adapters behind it.
    chosen = loaded if engine.kind in _ON_DEMAND else loaded[:1]
    if not chosen and able:
        chosen = [_best(able, memory_bytes)]
    return chosen, [model for model in able if model not in chosen]


def _best(models: list[EngineModel], memory_bytes: int | None) -> EngineModel:
    """The largest that fits and takes tools; the smallest of all where none is known to fit."""
    fitting = [
        model
        for model in models
        if memory_bytes is None or (model.size_bytes is not None and model.size_bytes * _LOAD_FACTOR <= memory_bytes)
    ]
    if not fitting:
        return min(models, key=_weight)
    return max(fitting, key=lambda model: (model.takes_tools is not False, _weight(model)))


def _weight(model: EngineModel) -> float:
    # A file of four to five bits a parameter, which is what people run at home.
    return model.parameters or (model.size_bytes or 0) / 0.6


def _rank(tier: DraftTier) -> tuple[bool, float, int]:
    """The order of tiers: a large model with a small window is no use for large work."""
    return tier.context_limit >= COMFORTABLE_CONTEXT, _weight(tier.model), tier.context_limit


def _tier(engine: Engine, model: EngineModel, context_tokens: int | None, serves: tuple[Serve, ...]) -> DraftTier:
    there = [serve for serve in serves if address_of(serve.host, serve.port) == engine.url]
    # Of those that take turns at one port, the one whose model answers.
    serve = next((serve for serve in there if serve.model == model.name), there[0] if there else None)
    assumed = min(context_tokens or ASSUMED_CONTEXT, model.trained_context_tokens or _MOST_TOKENS)
    return DraftTier(
        id="",
        engine=engine,
        model=model,
        context_limit=model.context_tokens or assumed,
        is_context_assumed=model.context_tokens is None,
        serve=serve,
    )


def _named(tiers: list[DraftTier]) -> list[DraftTier]:
    taken = {preset.lower() for preset in PRESET_WORK_CLASSES}
    named = []
    for tier in tiers:
        wanted = _slug(tier.model.name if tier.serve is None else tier.serve.name)
        port = tier.engine.url.rpartition(":")[2]
        choices = [wanted, f"{wanted}-{port}", *(f"{wanted}-{port}-{number}" for number in range(2, 100))]
        name = next(choice for choice in choices if choice not in taken)
        taken.add(name)
        named.append(msgspec.structs.replace(tier, id=name))
    return named


def _slug(model: str) -> str:
    last = re.split(r"[/\\]", model.removesuffix(".gguf"))[-1].lower()
    return re.sub(r"[^a-z0-9.]+", "-", last).strip("-.")[:40].rstrip("-.") or "local"


def _is_silent(serve: Serve, finding: Finding) -> bool:
    return finding.engine is None and address_of(serve.host, serve.port) == finding.url


def _does_not_run(serve: Serve, finding: Finding) -> str:
    return (
        f"serve {serve.name} is left out ({finding.seen}): start it with `serves up`, then run this again with --force"
    )


def _passed_by(engine: Engine, models: list[EngineModel]) -> list[str]:
    notes = []
    if models:
        shown = ", ".join(model.name for model in models[:_MOST_NAMED])
        more = f" and {len(models) - _MOST_NAMED} more" if len(models) > _MOST_NAMED else ""
        notes.append(f"{engine.kind} has others too: {shown}{more}; copy a tier for each that you want")
    distant = [model.name for model in engine.models if model.runs_elsewhere]
    if distant:
        notes.append(
            f"left out, because {engine.kind} sends their prompts elsewhere: {', '.join(distant[:_MOST_NAMED])}"
        )
    return notes


def _warnings_about(tier: DraftTier) -> list[str]:
    notes = []
    remedy = more_context(tier.engine, tier.model.name)
    wanted = tier.serve.model if tier.serve is not None else None
    if wanted is not None and wanted != tier.model.name:
        notes.append(f"{tier.id} serves {tier.model.name}, and not {wanted}, which the manifest names")
    trained = tier.model.trained_context_tokens
    if tier.context_limit < min(COMFORTABLE_CONTEXT, trained or COMFORTABLE_CONTEXT):
        taken = "is taken to have" if tier.is_context_assumed else "has"
        made_for = f", though made for {count(trained)}" if trained else ""
        notes.append(
            f"{tier.id} {taken} a window of {count(tier.context_limit)} tokens{made_for}: too little for a coding "
            f"harness; {remedy}, then run this again with --force"
        )
    if tier.model.takes_tools is False:
        how = "restart it with --tool-call-parser" if tier.engine.kind == "SGLang" else "choose a model that does"
        notes.append(f"{tier.id} takes no tools, which coding harnesses always offer: {how}")
    return notes
