"""Checks of a tier: it answers, with the model and the window that the configuration says, and takes tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from anvil_serving.config import Tier, is_loopback
from anvil_serving.config.url import hostname
from anvil_serving.layout import count
from anvil_serving.substrate.engine import Engine, EngineModel, Finding, identify, root_of
from anvil_serving.substrate.first_config.draft import ASSUMED_CONTEXT, more_context
from anvil_serving.substrate.inquiry import Reply, Server

from .check import Check, Status
from .tool_probe import TOOL_REMEDIES, probe_tools

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anvil_serving.config import Secret

__all__ = ["tier_checks"]

_MOST_NAMED: Final = 6
_CLOUD_SECONDS: Final = 10.0
_QUESTION_SECONDS: Final = 5.0
"""An engine that reads a long prompt answers other questions late."""


class _Place(Struct, frozen=True):
    """One address of a tier, and how it is called here."""

    name: str
    tier: Tier
    url: str
    headers: dict[str, str]

    def check(self, what: str | None, status: Status, seen: str, remedy: str | None = None) -> Check:
        name = f"{self.name}:{what}" if what else self.name
        return Check(name=name, status=status, seen=seen, remedy=remedy)


def tier_checks(tier: Tier, secret: Secret | None, *, may_probe: bool) -> list[Check]:
    """All checks of one tier. Tokens are only asked for where `may_probe`, and never of a tier that may bill."""
    checks: list[Check] = []
    for index, url in enumerate(tier.urls):
        name = f"tier:{tier.id}" + (f"[{index}]" if len(tier.urls) > 1 else "")
        place = _Place(name, tier, root_of(url), _credentials(tier, secret))
        if tier.proxy is not None:
            checks.append(place.check(None, "skip", "it is reached through a proxy, and not asked"))
        elif tier.privacy == "cloud":
            checks.append(_cloud_check(place, may_probe=may_probe))
        else:
            checks += _local_checks(place, may_probe=may_probe)
    return checks


def _credentials(tier: Tier, secret: Secret | None) -> dict[str, str]:
    """What the router would show this server; servers of other dialects leave the other header alone."""
    if secret is None:
        return {}
    if "anthropic" in (tier.dialects or (tier.dialect,)):
        return {"Authorization": f"Bearer {secret.reveal()}", "x-api-key": secret.reveal()}
    return {"Authorization": f"Bearer {secret.reveal()}"}


def _cloud_check(place: _Place, *, may_probe: bool) -> Check:
    """Whether the key is taken. A list of models costs nothing, but it is another's machine: only when asked to."""
    if not may_probe:
        return place.check(None, "skip", "a cloud tier is asked for its list of models only with --probe")
    headers = place.headers | {"anthropic-version": "2023-06-01"}
    reply = Server(place.url, seconds=_CLOUD_SECONDS, headers=headers, question_seconds=_CLOUD_SECONDS).ask(
        "/v1/models"
    )
    if not isinstance(reply, Reply):
        return place.check(None, "fail", reply.reason, "check `base_url`, and this machine's way to the network")
    if reply.status in {401, 403}:
        return place.check(None, "fail", f"it refuses the key ({reply.status})", f"put a valid key into {_key(place)}")
    if reply.status != 200:
        return place.check(None, "warn", f"its list of models is answered {reply.status}", "check `base_url`")
    return place.check(None, "ok", "it takes the key")


def _key(place: _Place) -> str:
    return place.tier.auth_env or "a variable, and its name into `auth_env`"


def _local_checks(place: _Place, *, may_probe: bool) -> Iterator[Check]:
    finding = identify(place.url, headers=place.headers, question_seconds=_QUESTION_SECONDS)
    if finding.engine is None and not finding.listed:
        yield _no_engine(place, finding)
        return
    names = [model.name for model in finding.engine.models] if finding.engine is not None else list(finding.listed)
    model_name, check = _identity(place, finding, names)
    yield check
    if model_name is None:
        return
    if finding.engine is not None:
        model = next(model for model in finding.engine.models if model.name == model_name)
        if model.runs_elsewhere:
            seen = f"{finding.engine.kind} sends its prompts to another company's machines"
            yield place.check("privacy", "fail", seen, 'set privacy = "cloud", or name a model that runs here')
            return
        yield _context(place, finding.engine, model)
    else:
        model = None
        yield place.check("context", "skip", "a server of no known engine: its window is not known")
    if "chat" in place.tier.purposes:
        yield _tools(place, finding.engine, model, model_name, may_probe=may_probe)


def _no_engine(place: _Place, finding: Finding) -> Check:
    url = finding.url
    status, remedy = _REMEDIES[finding.state]
    return place.check(None, status, f"{url}: {finding.seen}", remedy.format(key=_key(place)))


_REMEDIES: Final[dict[str, tuple[Status, str]]] = {
    "nothing": ("fail", "start the engine, or correct `base_url`"),
    "silent": ("fail", "restart the engine, or correct `base_url`"),
    "loading": ("warn", "wait until the engine has loaded its model"),
    "locked": ("fail", "put the engine's key into {key}"),
    "router": ("fail", "correct `base_url`: a router that asks itself goes in circles"),
    "other": ("fail", "correct `base_url`, or start an engine there"),
    "engine": ("fail", "let the engine load a model"),
}


def _identity(place: _Place, finding: Finding, names: list[str]) -> tuple[str | None, Check]:
    """The model that the tier gets, as the server calls it, and the check of it."""
    wanted = place.tier.model
    shown = ", ".join(names[:_MOST_NAMED]) + ("" if len(names) <= _MOST_NAMED else ", ...")
    if wanted is None:
        if len(names) == 1:
            return names[0], place.check(None, "ok", f"{finding.seen} with {names[0]}")
        remedy = f'set `model` in the tier, such as model = "{names[0]}"' if names else "let the engine load a model"
        return None, place.check(
            None, "fail", f"{finding.seen} lists {len(names)} models, and the tier names none", remedy
        )
    # Ollama adds the tag by itself.
    found = next((name for name in names if name in {wanted, f"{wanted}:latest"}), None)
    if found is None:
        seen = f"{finding.seen} serves {shown or 'no model'}, and not {wanted}"
        remedy = f'set model = "{names[0]}" in the tier, or load {wanted}' if names else f"load {wanted}"
        return None, place.check(None, "fail", seen, remedy)
    return found, place.check(None, "ok", f"{finding.seen} with {found}")


def _context(place: _Place, engine: Engine, model: EngineModel) -> Check:
    limit, window = place.tier.context_limit, model.context_tokens
    if window is None:
        if engine.kind in {"Ollama", "LM Studio"} and limit > ASSUMED_CONTEXT:
            seen = (
                f"{engine.kind} does not say its window before it is loaded, and may give it {count(ASSUMED_CONTEXT)}"
            )
            return place.check("context", "warn", seen, more_context(engine, model.name) + ", load it, and look again")
        return place.check("context", "skip", "the engine does not say")
    if limit > window:
        seen = f"context_limit says {count(limit)} tokens, and {engine.kind} gives {count(window)}"
        remedy = f"set context_limit = {window}, or {more_context(engine, model.name)}"
        return place.check("context", "fail", seen, remedy)
    rest = f" of the {count(window)} that it has" if limit < window else ""
    return place.check("context", "ok", f"{count(limit)} tokens{rest}")


def _tools(
    place: _Place, engine: Engine | None, model: EngineModel | None, model_name: str, *, may_probe: bool
) -> Check:
    tier = place.tier
    if not tier.tool_support:
        return place.check("tools", "skip", "tool_support is false: requests that offer tools pass it by")
    remedy = TOOL_REMEDIES["other" if engine is None else engine.kind]
    if model is not None and model.takes_tools is False:
        return place.check("tools", "fail", "the engine says that it takes none", remedy)
    reason = _not_asked(place, engine) if may_probe else "it costs tokens: asked only with --probe"
    if reason is not None:
        return place.check("tools", "skip", reason)
    status, seen = probe_tools(tier, place.url, model_name, place.headers)
    return place.check("tools", status, seen, None if status == "ok" else remedy)


def _not_asked(place: _Place, engine: Engine | None) -> str | None:
    """Why a tier is not asked for tokens all the same."""
    tier = place.tier
    if any((tier.cost_input_per_mtok, tier.cost_output_per_mtok)):
        return "it costs money, and is not asked"
    if engine is None and not is_loopback(hostname(place.url)):
        return "a server of no known engine on another machine may bill, and is not asked"
    if "openai" not in (tier.dialects or (tier.dialect,)):
        return "only asked in Chat Completions, which it does not speak"
    return None
