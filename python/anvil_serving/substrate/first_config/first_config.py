"""From an empty machine to a first configuration: what is looked at, and the file that comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from anvil_serving.config import loads
from anvil_serving.errors import AnvilError, StartupError
from anvil_serving.files import Existing, write_file
from anvil_serving.substrate.command import CommandTimedOut
from anvil_serving.substrate.engine import Address, EngineKind, Finding, address_of, address_of_serve, look_at
from anvil_serving.substrate.gpus import Gpus, list_gpus
from anvil_serving.substrate.machine import memory_bytes
from anvil_serving.substrate.models.hub_cache import downloaded_names
from anvil_serving.substrate.serve import claim_address

from .draft import Draft, Machine, draft
from .draft_text import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from anvil_serving.config import Config, Serve

__all__ = [
    "SKELETON",
    "FirstConfig",
    "PlanningVerdict",
    "Survey",
    "drafted",
    "serves_addresses",
    "survey",
    "write_draft",
    "write_skeleton",
]

_USUAL_PORT: Final = 8000
_PORTS_TRIED: Final = 100


class Survey(Struct, frozen=True, kw_only=True):
    """What there is on this machine."""

    findings: tuple[Finding, ...]
    gpus: Gpus
    weights: tuple[str, ...]
    """Models in the Hugging Face cache, whether or not an engine runs them."""

    @property
    def engines(self) -> tuple[Finding, ...]:
        """The addresses at which an engine is ready."""
        return tuple(finding for finding in self.findings if finding.engine is not None)


class PlanningVerdict(Struct, frozen=True):
    """Whether a tier is trusted with planning, by the profile."""

    tier: str
    verdict: Literal["allow", "allow-with-verify", "deny"]


class WrittenTier(Struct, frozen=True, kw_only=True):
    """A tier of the file."""

    id: str
    engine: EngineKind
    url: str
    model: str
    context_limit_tokens: int
    is_context_assumed: bool
    """The engine does not say what it gives a request."""
    serves_chat: bool


class FirstConfig(Struct, frozen=True, kw_only=True):
    """What came of it."""

    path: str | None = None
    """The configuration that was written; None: none, for there is no engine."""
    backup: str | None = None
    """What was there before is kept under this path."""
    port: int | None = None
    mode: Mode | None = None
    tiers: tuple[WrittenTier, ...] = ()
    notes: tuple[str, ...] = ()
    planning: tuple[PlanningVerdict, ...] = ()
    survey: Survey | None = None
    """None: nothing was looked for."""


def survey(addresses: Iterable[Address], environ: Mapping[str, str]) -> Survey:
    """Looks at the addresses, the cards and the weights. Starts nothing."""
    try:
        gpus = list_gpus()
    except CommandTimedOut as error:
        gpus = Gpus(gpus=(), absent_because=str(error))
    return Survey(findings=look_at(addresses), gpus=gpus, weights=downloaded_names(environ))


def serves_addresses(serves: Iterable[Serve], environ: Mapping[str, str]) -> list[Address]:
    """Where the serves of a manifest answer, with the key that each wants."""
    addresses: dict[str, Address] = {}
    for serve in serves:
        address = address_of_serve(serve, environ)
        addresses.setdefault(address.url, address)
    return list(addresses.values())


def drafted(
    found: Survey, *, date: str, mode: Mode, context_tokens: int | None = None, serves: tuple[Serve, ...] = ()
) -> tuple[Draft, Config]:
    """A draft for what was found, and the configuration that it is. Raises `StartupError` where there is no engine."""
    cards = [gpu.memory_bytes for gpu in found.gpus.gpus]
    text = draft(
        found.findings,
        Machine(memory_bytes=max(cards, default=_half_of_memory()), has_gpu=bool(cards), serves=serves),
        port=_free_port(found.findings),
        date=date,
        mode=mode,
        context_tokens=context_tokens,
    )
    config = loads(text.text, name="the draft")
    if config.warnings:
        raise AnvilError(f"the draft is not what it should be: {config.warnings[0]}")
    return text, config


def write_draft(
    draft: Draft,
    config: Config,
    found: Survey,
    path: Path,
    *,
    existing: Existing,
    planning: tuple[PlanningVerdict, ...],
) -> FirstConfig:
    """Writes a draft. `planning` is what the profile says of it.

    Raises `StartupError` where a file is in the way and is to be left alone.
    """
    backup = write_file(path, draft.text.encode(), existing=existing)
    return FirstConfig(
        path=str(path),
        backup=None if backup is None else str(backup),
        port=config.server.port,
        mode=config.router.mode,
        tiers=tuple(
            WrittenTier(
                id=tier.id,
                engine=tier.engine.kind,
                url=tier.engine.url,
                model=tier.model.name,
                context_limit_tokens=tier.context_limit,
                is_context_assumed=tier.is_context_assumed,
                serves_chat=tier.model.serves_chat,
            )
            for tier in draft.tiers
        ),
        notes=draft.notes,
        planning=planning,
        survey=found,
    )


def write_skeleton(path: Path, *, existing: Existing) -> FirstConfig:
    """Writes `SKELETON`. Raises as `write_draft` does."""
    backup = write_file(path, SKELETON.encode(), existing=existing)
    return FirstConfig(path=str(path), backup=None if backup is None else str(backup))


def _free_port(findings: Iterable[Finding]) -> int:
    """A port for the router: its usual one if it is free, or a router's already; vLLM has the same."""
    states = {finding.url: finding.state for finding in findings}
    for port in range(_USUAL_PORT, _USUAL_PORT + _PORTS_TRIED):
        if states.get(address_of("127.0.0.1", port)) == "router":
            return port
        try:
            return claim_address("127.0.0.1", port)[1]
        except StartupError:
            continue
    return 0


def _half_of_memory() -> int | None:
    """What a model may take without a card: half of the memory; None where the system does not say."""
    memory = memory_bytes()
    return None if memory is None else memory // 2


SKELETON = """\
# Written by `anvil-serving init --skeleton`. Fill in the tier, then: anvil-serving doctor.

[server]
host = "127.0.0.1" # reachable from this machine only, so no token is asked for
port = 8000

[[router.tiers]]
id = "local"
base_url = "http://127.0.0.1:8080/v1" # where your engine listens; 127.0.0.1, never localhost
context_limit = 32768 # tokens of prompt and answer together, as your engine runs
privacy = "local"
dialect = "openai"
# dialects = ["openai", "anthropic"] # if the engine answers both, as today's do
# model = "NAME" # if the engine lists more than one

[router.presets]
quick-edit = ["local"]
chat = ["local"]
planning = ["local"] # answered 503 until yours has been measured; `mode = "direct"` in [router] answers it
review = ["local"]
long-context = ["local"]
"""
"""A configuration for an engine that does not run yet. It loads without a warning."""
