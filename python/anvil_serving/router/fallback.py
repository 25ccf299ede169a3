"""What a failed attempt means for the exchange: whose fault it is decides."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from anvil_serving.errors import Exhausted, Malformed, TierRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anvil_serving.router.caller import Caller
    from anvil_serving.router.plan import Plan
    from anvil_serving.upstream import Outcome, Tier

__all__ = ["UNTRANSLATABLE", "FailedAttempt", "exhaustion", "refusal"]

_CALLERS_FAULT = {400: "invalid_request", 409: "invalid_request", 413: "too_large", 422: "invalid_request"}
"""Statuses of a tier that say the request itself is wrong. 404 is not among them: a tier that does not know its own
model or path is misconfigured. Nor are 401 and 403, which are about the router's credential, 408, 425, 429 and 529."""

_PARAM = re.compile(r"[A-Za-z0-9_.\[\]]{1,200}")
"""What names a member of a request; anything else that a tier says there is not passed on."""
_RETRY_AFTER_LIMIT = 30
"""Seconds. Above 60 Claude Code gives up at once instead of retrying; other clients ignore such a header."""
_RETRY_AFTER = 5

_WAY_OUT = (
    ". What is denied has not been measured well enough: measure it and name the result in [router] profile_path, or "
    "let a cloud tier answer this kind of work ([router] metered_cloud)"
)

UNTRANSLATABLE = "untranslatable"
"""The label of an attempt that was not made because the tier's dialect cannot say the request."""


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


def refusal(tier: Tier, outcome: Outcome) -> TierRefused | None:
    """The caller's error that a tier's status is, if it is one: relayed with its status and its words."""
    kind = _CALLERS_FAULT.get(outcome.status or 0)
    if kind is None or outcome.status is None:
        return None
    words = tier.redact(outcome.tier_message or "the model's server refused the request")
    param = outcome.tier_param if _PARAM.fullmatch(outcome.tier_param or "") else None
    return TierRefused(words, status=outcome.status, kind=kind, param=param)


def exhaustion(plan: Plan, failed: Sequence[FailedAttempt], caller: Caller, *, status: int) -> Exhausted | Malformed:
    """The error when every attempt of the plan has failed, or it had none. Names tiers and labels, never addresses.

    Tiers that the caller may not reach are not its to know.

    A request that no tier's dialect can say is the caller's to change, not to repeat.
    """
    if failed and all(attempt.label == UNTRANSLATABLE for attempt in failed):
        return Malformed(f"no tier can be asked this: {failed[0].explanation}", param=failed[0].param)
    told = [f"{attempt.tier_id}: {_describe(attempt)}" for attempt in failed]
    told += [
        f"{each.tier}: {each.reason}" for each in plan.candidates if each.place is None and caller.may_reach(each.tier)
    ]
    asked = max((attempt.retry_after or 0 for attempt in failed), default=0)
    way_out = _WAY_OUT if not plan.attempts and any(each.verdict == "deny" for each in plan.candidates) else ""
    return Exhausted(
        f"no tier could answer this request ({'; '.join(told) or 'none is configured for it'}){way_out}",
        status=status,
        # Without a tier to try, trying again changes nothing.
        retry_after=min(asked or _RETRY_AFTER, _RETRY_AFTER_LIMIT) if plan.attempts else None,
    )


def _describe(attempt: FailedAttempt) -> str:
    return f"status {attempt.status}" if attempt.status is not None else attempt.label
