"""How an attempt's answer is checked, and how long it is held for that. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from anvil_serving.config import WindowKind

if TYPE_CHECKING:
    from anvil_serving import config
    from anvil_serving.profile import Verdict
    from anvil_serving.router.dimensions import Verify
    from anvil_serving.upstream import Outcome

__all__ = ["UNCHECKED", "Checking", "Verification", "verified"]


class Checking(msgspec.Struct, frozen=True, gc=False):
    """The checks on one answer."""

    window: WindowKind
    """How long it is held: `none`, `block` or `whole`."""
    checks: tuple[str, ...] = ()
    """The checks that are made, by the names that `[router.verify]` has for them."""
    repairs: bool = False
    """Whether what is certainly meant is mended."""
    least_mean_logprob: float | None = None
    """Below which mean log-probability of a token, in nats, the answer is rejected."""


UNCHECKED = Checking("none")
_JUDGED = "refusal"
"""The check that proves no defect: it is made where all of the answer is there, and not if only structure counts."""


def verified(checking: Checking, outcome: Outcome | None) -> str:
    """What can be said of an answer's checks with its first byte; `outcome` is known where that is also its last."""
    if outcome is not None:
        return "passed" if outcome.is_checked else "skipped"
    # A whole answer that was checked is released at its end. One that comes before says what only its own dialect can.
    return "streaming" if checking.window == "block" else "skipped"


class Verification:
    """Which checks an answer goes through, by what the profile says of the tier and what the caller asks for."""

    def __init__(self, settings: config.Router) -> None:
        self._is_gated = settings.mode == "gated"
        verify, self._window = settings.verify, settings.window
        self._trusted: WindowKind = self._window.allow if settings.verify_local_min else "none"
        names = tuple(name for name in verify.__struct_fields__ if getattr(verify, name) is True and name != "repair")
        structural = tuple(name for name in names if name != _JUDGED)
        self._kinds: dict[tuple[WindowKind, bool], Checking] = {
            ("block", False): Checking("block", structural, verify.repair),
            ("block", True): Checking("block", structural, verify.repair),
            ("whole", False): Checking("whole", structural, verify.repair),
            ("whole", True): Checking("whole", names, verify.repair, verify.min_mean_logprob),
        }

    def of(self, tier: config.Tier, verdict: Verdict, asked: Verify | None) -> Checking:
        """The checks on an answer of `tier`; `asked` is the caller's own word on it, which goes first."""
        if asked == "off":
            return UNCHECKED
        if asked == "strict":
            return self._kinds["whole", True]
        window = self._planned(tier, verdict)
        if asked == "structural":
            return self._kinds["block" if window == "none" else window, False]
        return self._kinds.get((window, True), UNCHECKED)

    def _planned(self, tier: config.Tier, verdict: Verdict) -> WindowKind:
        if not self._is_gated:
            return "none"
        if verdict != "allow":
            return self._window.allow_with_verify
        return self._window.cloud if tier.privacy == "cloud" else self._trusted
