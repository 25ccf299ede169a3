"""What a request demands of whoever answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from anvil_serving.router.dimensions import Verify

if TYPE_CHECKING:
    from anvil_serving.router.dimensions import Dimensions

__all__ = ["Needs", "needs_of"]

_RESERVED_TOKENS = 1_024
"""Room for an answer whose caller sets no cap."""


class _Facts(Protocol):
    @property
    def prompt_tokens(self) -> int: ...
    @property
    def max_output_tokens(self) -> int | None: ...
    @property
    def offers_tools(self) -> bool: ...
    @property
    def answers(self) -> int: ...
    @property
    def images(self) -> int: ...
    @property
    def structured_output(self) -> bool: ...


class Needs(msgspec.Struct, frozen=True, gc=False):
    """Demands that a tier meets or does not."""

    prompt_tokens: int = 0
    """Estimated from bytes, before it is calibrated for a tier."""
    output_tokens: int = _RESERVED_TOKENS
    """Room that the answer may take: the caller's cap."""
    is_capped: bool = False
    """Whether that is the caller's; otherwise an answer may be as long as its tier lets it."""
    answers: int = 1
    """How many are asked for at once."""
    tools: bool = False
    images: bool = False
    structured_output: bool = False
    local_only: bool = False
    max_cost_usd: float | None = None
    max_latency_seconds: float | None = None
    verify: Verify | None = None
    """How the answer is to be checked; None: as the profile makes it necessary."""


def needs_of(facts: _Facts, narrowed: Dimensions) -> Needs:
    """The demands of a request and of what its caller narrowed."""
    cap = facts.max_output_tokens
    return Needs(
        facts.prompt_tokens,
        _RESERVED_TOKENS if cap is None else cap,
        cap is not None,
        facts.answers,
        facts.offers_tools,
        facts.images > 0,
        facts.structured_output,
        narrowed.local_only,
        narrowed.max_cost_usd,
        narrowed.max_latency_seconds,
        narrowed.verify,
    )
