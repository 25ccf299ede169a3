"""The answer to `POST /v1/route`: what a request would lead to, as data. Asks no tier and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import msgspec

from anvil_serving.decisions import Candidate, Feature
from anvil_serving.errors import Malformed
from anvil_serving.router.budget import Left

if TYPE_CHECKING:
    from anvil_serving.router.decide import Decided

__all__ = ["Advice", "Signals", "advice_of", "read_advice_request"]

_CERTAIN = 1.0
_UNSHOWN_BYTES = 64
_ABSENT = msgspec.Raw(b"")
_UNNAMED = msgspec.Raw(b'"auto"')
_UNSHOWN = [{"role": "user", "content": ""}]
"""What stands for a conversation that is not shown."""


class Signals(msgspec.Struct, frozen=True):
    """What somebody knows who asks without showing the whole conversation; as in 0.7.1."""

    work_class: str | None = None
    token_estimate: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] | None = None
    urgency: msgspec.Raw = _ABSENT
    """Accepted and not read: nothing here waits."""


class _Body(msgspec.Struct, frozen=True):
    """What is read of the body besides the request that it is."""

    signals: Signals | None = None
    input: msgspec.Raw = _ABSENT
    messages: msgspec.Raw = _ABSENT


class PlannedStep(msgspec.Struct, frozen=True):
    """An attempt that would be made."""

    tier: str
    model: str | None
    """None: the tier's server has not been asked yet which one it serves."""
    replica: int
    dialect: str


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """Where the request would go first, and all that would follow."""

    tier: str
    """`local` or `cloud`."""
    model: str
    """The model's name; the tier's id where it is not known."""
    provider: str
    """The tier's id."""
    work_class: str
    reason: str
    confidence: float
    session_id: str
    intent: str
    intent_source: str
    class_source: str
    ambiguous_with: str | None
    features: tuple[Feature, ...]
    dimensions: Mapping[str, str]
    plan: tuple[PlannedStep, ...]
    candidates: tuple[Candidate, ...]
    budgets: tuple[Left, ...]
    """What is left of the budgets that it would be charged to."""


def read_advice_request(body: bytes, headers: Mapping[bytes, bytes]) -> tuple[str, bytes, Signals]:
    """The dialect of a body, the request in it, and what it says besides. Raises `Malformed` when it is no JSON object.

    Who sends signals may keep the conversation to itself.
    """
    try:
        said = msgspec.json.decode(body, type=_Body)
        if said.signals is not None and not bytes(said.input) and _is_empty(said.messages):
            # Raw: a large body's other members are not to become objects.
            shown = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
            body = msgspec.json.encode({**shown, "model": _name_or(shown.get("model")), "messages": _UNSHOWN})
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"the body is not a request: {error}") from None
    dialect = "responses" if bytes(said.input) else "chat"
    return "messages" if b"anthropic-version" in headers else dialect, body, said.signals or Signals()


def _name_or(model: msgspec.Raw | None) -> msgspec.Raw:
    """The model that is named; a name that is none where it is not."""
    return _UNNAMED if model is None or bytes(model) in (b"null", b'""') else model


def _is_empty(messages: msgspec.Raw) -> bool:
    return len(messages) < _UNSHOWN_BYTES and bytes(messages).split() in ([], [b"[]"], [b"[", b"]"])


def advice_of(decided: Decided) -> Advice:
    """What a decision with at least one attempt comes to."""
    plan, work = decided.plan, decided.work
    first = plan.attempts[0].replica.tier
    return Advice(
        tier=first.settings.privacy,
        model=first.model or first.id,
        provider=first.id,
        work_class=work.work_class,
        reason=f"{_why_this_class(decided)}; {first.id}: {plan.candidates[0].reason}",
        confidence=_CERTAIN if work.confidence is None else work.confidence,
        session_id=decided.session or decided.conversation_name or "",
        intent=plan.intent,
        intent_source=decided.intent.source,
        class_source=work.source,
        ambiguous_with=work.ambiguous_with,
        features=work.features,
        dimensions=decided.narrowed.said,
        plan=tuple(
            PlannedStep(each.tier_id, each.replica.tier.model, each.replica.index, each.dialect)
            for each in plan.attempts
        ),
        candidates=tuple(each for each in plan.candidates if decided.caller.may_reach(each.tier)),
        budgets=decided.purse.left,
    )


def _why_this_class(decided: Decided) -> str:
    work = decided.work
    if work.source == "preset":
        return f"{work.work_class} is what {decided.intent.name} stands for"
    if work.source == "held":
        return f"{work.work_class}, as when this turn began"
    if work.classification is None:
        return f"{work.work_class} by default"
    spoke = ", ".join(name for name, weight in work.classification.features if weight > 0)
    unsure = f", though nearly as much speaks for {work.ambiguous_with}" if work.ambiguous_with else ""
    return f"{work.work_class} by inference ({spoke or 'nothing speaks for anything else'}){unsure}"
