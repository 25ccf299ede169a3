"""What a configuration may say of tiers that fail: who is asked next, who is left alone. See `schema.py`."""

# No `from __future__ import annotations`: msgspec evaluates these annotations when it builds the decoder.

from typing import Annotated, Literal

from msgspec import Meta, Struct

from .units import Seconds

__all__ = ["Fallback"]


class Fallback(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens when a tier fails, and when it is full."""

    max_attempts: Annotated[
        int,
        Meta(
            ge=1,
            le=100,
            description="Most addresses that are asked for one request. Without it a request that nobody can answer "
            "is put to all of them, one after the other, while its caller waits.",
        ),
    ] = 4
    deadline: Annotated[
        Seconds | Literal["off"],
        Meta(
            description="Seconds that all attempts of one request have together until the first byte of the answer. "
            "Without it their own time limits add up: SDKs give up after 600 s, and ask again while the first question "
            'is still being passed around. `"off"`: no such limit.'
        ),
    ] = 600.0
    breaker_failures: Annotated[
        Annotated[int, Meta(ge=1, le=20)] | Literal["off"],
        Meta(
            description="Failures of an address within `breaker_window`, at least half of its last 20 results, after "
            "which it is left alone; then one request at a time tries whether it is well again. Without that every "
            'request finds out anew, and waits for it. `"off"`: so it is, also for servers that ask to be left alone '
            "(429) or refuse the router's key (401)."
        ),
    ] = 5
    breaker_window: Annotated[
        Seconds,
        Meta(
            description="Seconds for which a failure counts. If they are too many, a tier that stumbles once in a "
            "while is left alone for it; if they are fewer than its answers take, it never is."
        ),
    ] = 30.0
    breaker_longest_wait: Annotated[
        Seconds,
        Meta(
            description="Most seconds between two trials of an address that stays broken: the first comes after 2, "
            "and each one that fails doubles them. Above 30, callers are told to come back before anybody is let "
            "through. A server that can be reached again by its health check is tried at once."
        ),
    ] = 30.0
    retry_share: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="How many of a tier's requests may be put to a second of its addresses after the first one "
            "failed, as a share; one a second always may. Without it a tier that is too slow for its load gets that "
            "load once for each address. Going on to another tier is never counted.",
        ),
    ] = 0.2
    queue_length: Annotated[
        int,
        Meta(
            ge=0,
            le=100_000,
            description="Requests that wait in each worker for a place at a tier with `max_concurrency`; one more "
            "goes on to the next tier. Without a limit, callers wait in a queue that never gets to them.",
        ),
    ] = 100
    queue_seconds: Annotated[
        Seconds,
        Meta(
            description="Seconds that a request waits for its place, then it goes on to the next tier. Without a "
            "limit one slow answer keeps others from a tier that is free."
        ),
    ] = 60.0

    @property
    def deadline_seconds(self) -> float | None:
        """Seconds until the first byte; None where there is no limit."""
        return None if self.deadline == "off" else self.deadline
