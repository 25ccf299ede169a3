"""What a configuration may say of how much may be used: tokens and dollars, by whom, in which time. See `schema.py`."""

# No `from __future__ import annotations`: msgspec evaluates these annotations when it builds the decoder.

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from .units import Dollars, Text, Tokens

__all__ = ["Budget", "NamedBudget", "Period"]

Period = Literal["hour", "day", "week", "month"]
"""Periods of the calendar in UTC, so that all workers, restarts and machines agree where one ends."""


class NamedBudget(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A budget that a request is charged to as well when it says so: `x-anvil-budget: NAME`. NAME is yours."""

    tokens: Annotated[Tokens | None, Meta(description="Tokens that may be used in a period. Unset: any number.")] = None
    usd: Annotated[Dollars | None, Meta(description="US dollars that may be spent in a period. Unset: any sum.")] = None
    period: Annotated[Period, Meta(description="After which it renews, in UTC; weeks begin on Monday.")] = "month"
    clients: Annotated[
        tuple[Text, ...],
        Meta(
            description="The `[[server.clients]]` that may charge to it. Empty: everybody, and so anybody can use up "
            "what others count on."
        ),
    ] = ()


class Budget(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much may be used, by one session and by one client; without any limit nothing is counted."""

    session_tokens: Annotated[
        Tokens | None,
        Meta(
            description="Tokens that one session may use in a `session_period`. Each request counts with its whole "
            "prompt, so that a long session uses millions. Spent tokens refuse requests (429) until they renew. "
            "Without it an agent that runs in circles does so all night. A session is what the harness calls one, "
            "else a conversation, and a caller may begin a new one: against somebody who means it, limit the client."
        ),
    ] = None
    session_usd: Annotated[
        Dollars | None,
        Meta(
            description="US dollars that one session may cost in a `session_period`. Without it one that runs in "
            "circles on a cloud tier may spend all that its client has. Spent dollars close the tiers that cost some, "
            "and those whose price is not known; the others go on."
        ),
    ] = None
    session_period: Annotated[
        Period, Meta(description="After which a session's limits renew, in UTC; weeks begin on Monday.")
    ] = "day"
    client_tokens: Annotated[
        Tokens | None,
        Meta(
            description="Tokens that one client may use in a `client_period`, where `[[server.clients]]` does not say. "
            "All who show the router's own token, or need none, are one client. Without it one client can keep the "
            "tiers from all others."
        ),
    ] = None
    client_usd: Annotated[
        Dollars | None,
        Meta(
            description="US dollars that one client may cost in a `client_period`, where `[[server.clients]]` does not "
            "say; 0: none. Without it the bill of a cloud tier has no limit here but `metered_cloud`."
        ),
    ] = None
    client_period: Annotated[
        Period, Meta(description="After which a client's limits renew, in UTC; weeks begin on Monday.")
    ] = "day"
    answer_tokens: Annotated[
        Tokens,
        Meta(
            description="Tokens that are set aside for an answer whose caller sets no cap, or the tier's "
            "`max_output_tokens` if it is less, until it is known what it came to. Too few, and answers that turn out "
            "longer end beyond the limit; too many, and requests are refused for what is never used."
        ),
    ] = 32_000
    path: Annotated[
        Text | None,
        Meta(
            description="Path of the file that says what is used, for all workers and after a restart: SQLite, on a "
            "local disk; `~` is your home. Unset: `anvil-serving/budgets.sqlite3` under `$XDG_STATE_HOME`, else under "
            "`~/.local/state`. Routers that share it share the budgets."
        ),
    ] = None
    named: Annotated[
        Mapping[str, NamedBudget],
        Meta(description="Budgets that a request may name; see `[router.budget.named.NAME]`."),
    ] = {}
