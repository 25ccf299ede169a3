"""What a failed attempt means for the exchange: whose fault it is decides."""

from __future__ import annotations

import enum
import math
import re
from typing import TYPE_CHECKING

import msgspec

from anvil_serving.errors import Exhausted, Malformed, Overloaded, TierRefused
from anvil_serving.router.admission import QUEUE_FULL, QUEUE_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anvil_serving.router.caller import Caller
    from anvil_serving.router.plan import Plan
    from anvil_serving.upstream import Outcome, Tier

__all__ = [
    "BREAKER_OPEN",
    "BUDGET_HELD",
    "BUDGET_SPENT",
    "BUDGET_UNKNOWN",
    "DEADLINE",
    "MODEL_UNKNOWN",
    "RETRIES_SPENT",
    "UNTRANSLATABLE",
    "FailedAttempt",
    "Fault",
    "exhaustion",
    "fault_of",
    "refusal",
]

UNTRANSLATABLE = "untranslatable"
"""The label of an attempt that was not made because the tier's dialect cannot say the request."""
MODEL_UNKNOWN = "model_unknown"
"""Not made: the tier's server does not say which one model it serves."""
BREAKER_OPEN = "breaker_open"
"""Not made: since the plan was made, the address has failed others."""
RETRIES_SPENT = "retries_spent"
"""Not made: the tier has failed this request already, and too many others."""
BUDGET_SPENT = "budget_spent"
"""Not made: since the plan was made, what was left of a budget has been spent."""
BUDGET_HELD = "budget_held"
"""Not made: since the plan was made, others have set aside what was left of a budget."""
BUDGET_UNKNOWN = "budget_unknown"
"""Not made: it costs, and what is left of a budget, or how much it costs, cannot be said."""
DEADLINE = "deadline"
"""Given up: the exchange's time until its first byte was over."""


class Fault(enum.Enum):
    """Whose fault a failure is, and so what learns from it (docs/adr/0015)."""

    CALLER = "caller"
    """The request is wrong: nothing learns."""
    TIER = "tier"
    """The address is broken: its breaker learns."""
    QUALITY = "quality"
    """The address works and the answer is bad: the profile learns."""
    OPERATOR = "operator"
    """The router's own credential is refused: the tier is out, and a person has to do something."""
    RESTING = "resting"
    """The server has no room and says so: it is left alone for a while."""
    ROUTER = "router"
    """The router's own failure or limit: nothing learns."""


_TIER = """name_not_found refused unreachable tls proxy connect_timeout first_byte_timeout idle_timeout total_timeout
reset closed not_http redirect encoded stream_cut no_answer malformed_event malformed_answer wrong_content_type
too_large tier_error model_unknown"""
_QUALITY = """empty blank reasoning_only cut_short template_token call_as_text repetition refusal low_confidence
prompt_truncated unknown_tool malformed_arguments schema_mismatch tool_choice_ignored parallel_calls duplicate_call_id
edit_text_missing edit_text_ambiguous edit_without_effect malformed_patch patch_context_missing broken_code open_fence
not_json format_mismatch"""
_ROUTER = f"""engine_closed panicked {BREAKER_OPEN} {RETRIES_SPENT} {DEADLINE} {QUEUE_FULL} {QUEUE_TIMEOUT}
{BUDGET_SPENT} {BUDGET_HELD} {BUDGET_UNKNOWN}"""

_FAULT_OF_LABEL: Mapping[str, Fault] = {
    **dict.fromkeys(_TIER.split(), Fault.TIER),
    **dict.fromkeys(_QUALITY.split(), Fault.QUALITY),
    **dict.fromkeys(_ROUTER.split(), Fault.ROUTER),
    UNTRANSLATABLE: Fault.CALLER,
}
_FAULT_OF_STATUS: Mapping[int, Fault] = {
    **dict.fromkeys((400, 409, 413, 422), Fault.CALLER),
    # 402: clouds say so of an account without money.
    **dict.fromkeys((401, 402, 403, 407), Fault.OPERATOR),
    **dict.fromkeys((429, 529), Fault.RESTING),
}
"""Every other status is the tier's fault: 5xx, 408 and 425; and 404, for a tier that does not know its own model or
path is misconfigured."""

_CALLERS_FAULT = {400: "invalid_request", 409: "invalid_request", 413: "too_large", 422: "invalid_request"}
"""Statuses of a tier that say the request itself is wrong. 404 is not among them: a tier that does not know its own
model or path is misconfigured. Nor are 401 and 403, which are about the router's credential, 408, 425, 429 and 529."""

_PARAM = re.compile(r"[A-Za-z0-9_.\[\]]{1,200}")
"""What names a member of a request; anything else that a tier says there is not passed on."""
_RETRY_AFTER_LIMIT = 30
"""Seconds. Above 60 Claude Code gives up at once instead of retrying; other clients ignore such a header."""
_RETRY_AFTER = 5
_NO_PLACE = {QUEUE_FULL, QUEUE_TIMEOUT}
_OVERLOADED_STATUS = {"messages": 529}
"""Where it is not 503. Anthropic's SDKs have an error of their own for 529; all clients try again after both
(clients.md, section 2)."""

_WAY_OUT = (
    ". What is denied has not been measured well enough: measure it and name the result in [router] profile_path, or "
    "let a cloud tier answer this kind of work ([router] metered_cloud)"
)


class FailedAttempt(msgspec.Struct, frozen=True):
    """An attempt that did not answer."""

    tier_id: str
    label: str
    """The failure's label, such as `refused` or `status`."""
    status: int | None = None
    retry_after: int | None = None
    explanation: str | None = None
    """What the caller may be told of it beyond the label."""
    param: str | None = None


def fault_of(label: str, status: int | None = None, retry_after: int | None = None) -> Fault:
    """Whose fault a failure with this label is; `status` and `retry_after` are the tier's, where it said them."""
    if status is not None:
        if status == 503 and retry_after is not None:
            return Fault.RESTING
        return _FAULT_OF_STATUS.get(status, Fault.TIER)
    # A label that is not known here, of a newer engine: whatever it is, nothing is closed for it.
    return _FAULT_OF_LABEL.get(label, Fault.ROUTER)


def refusal(tier: Tier, outcome: Outcome) -> TierRefused | None:
    """The caller's error that a tier's status is, if it is one: relayed with its status and its words."""
    kind = _CALLERS_FAULT.get(outcome.status or 0)
    if kind is None or outcome.status is None:
        return None
    words = tier.redact(outcome.tier_message or "the model's server refused the request")
    param = outcome.tier_param if _PARAM.fullmatch(outcome.tier_param or "") else None
    return TierRefused(words, status=outcome.status, kind=kind, param=param)


def exhaustion(
    plan: Plan, failed: Sequence[FailedAttempt], caller: Caller, *, status: int, dialect: str = "chat"
) -> Exhausted | Malformed:
    """The error when every attempt of the plan has failed, or it had none. Names tiers and labels, never addresses.

    Tiers that the caller may not reach are not its to know.

    A request that no tier's dialect can say is the caller's to change, not to repeat. Where nothing failed and there
    was only no place, it is told in the dialect's own status for that.
    """
    if failed and all(attempt.label == UNTRANSLATABLE for attempt in failed):
        return Malformed(f"no tier can be asked this: {failed[0].explanation}", param=failed[0].param)
    told = [f"{attempt.tier_id}: {_describe(attempt)}" for attempt in failed]
    told += [
        f"{each.tier}: {each.reason}" for each in plan.candidates if each.place is None and caller.may_reach(each.tier)
    ]
    told_of = "; ".join(told) or "none is configured for it"
    if failed and all(attempt.label in _NO_PLACE for attempt in failed):
        return Overloaded(
            f"no tier has a place for this request now ({told_of})",
            status=_OVERLOADED_STATUS.get(dialect, 503),
            retry_after=_RETRY_AFTER,
        )
    way_out = _WAY_OUT if not plan.attempts and any(each.verdict == "deny" for each in plan.candidates) else ""
    return Exhausted(
        f"no tier could answer this request ({told_of}){way_out}",
        status=status,
        retry_after=_retry_after(plan, failed),
    )


def _retry_after(plan: Plan, failed: Sequence[FailedAttempt]) -> int | None:
    """Seconds after which to try again: what a tier asked for, or until the first one is to be tried anew."""
    asked: float = max((attempt.retry_after or 0 for attempt in failed), default=0) or _RETRY_AFTER
    if not plan.attempts:
        if plan.tried_again_in is None:
            # Without a tier to try, trying again changes nothing.
            return None
        asked = plan.tried_again_in
    return max(1, min(math.ceil(asked), _RETRY_AFTER_LIMIT))


def _describe(attempt: FailedAttempt) -> str:
    return f"status {attempt.status}" if attempt.status is not None else attempt.label
