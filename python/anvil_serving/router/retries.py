"""How often a tier may be asked a second time for the same request: a share of its traffic (docs/adr/0015). Pure.

After tower's `retry::budget`: a limit of retries a request multiplies an outage by that limit, a share of the traffic
by one and the share.
"""

from __future__ import annotations

__all__ = ["RetryBudget"]

_FLOOR_PER_SECOND = 1.0
"""What comes in without traffic: where there is little, somebody's second attempt multiplies nothing."""
_MOST = 10.0
"""What can be saved up."""


class RetryBudget:
    """One tier's, of this worker."""

    __slots__ = ("_at", "_left", "_share")

    def __init__(self, share: float) -> None:
        """`share`: retries for each request, such as 0.2."""
        self._share = share
        self._left = _MOST
        self._at: float | None = None

    def asked(self) -> None:
        """A request has come to the tier for the first time."""
        self._left = min(_MOST, self._left + self._share)

    def pay(self, now: float) -> bool:
        """Takes one retry, if there is one left."""
        since = now if self._at is None else self._at
        self._at = now
        self._left = min(_MOST, self._left + (now - since) * _FLOOR_PER_SECOND)
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
