"""Tokens and dollars: what is used, what is set aside, and whether there is enough left. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "ESTIMATED_RATE",
    "NANOS",
    "NOTHING",
    "Amount",
    "Balance",
    "Fund",
    "Kind",
    "Limit",
    "Need",
    "Shortfall",
    "shortfall",
]

Kind = Literal["session", "client", "named"]

NANOS = 1_000_000_000
"""Nanodollars in a US dollar: sums are whole numbers, so that they stay exact."""

ESTIMATED_RATE = 250
"""Tokens a second that an answer is taken for which nobody has counted: few engines write a single one faster."""


class Amount(Struct, frozen=True, gc=False):
    """Tokens, and what they cost."""

    tokens: int = 0
    nanos: int = 0
    """US dollars, in billionths."""

    def __add__(self, other: Amount) -> Amount:
        """Both together."""
        return Amount(self.tokens + other.tokens, self.nanos + other.nanos)


NOTHING = Amount()


class Fund(Struct, frozen=True, gc=False):
    """What is counted together: somebody's use in one period."""

    kind: Kind
    name: str
    period: str
    """`hour`, `day`, `week` or `month`; another one is another fund."""
    began: int
    """Seconds since the epoch."""
    ends: int

    @property
    def key(self) -> str:
        """One text for all of it."""
        return f"{self.kind} {self.period} {self.began} {self.name}"


class Limit(Struct, frozen=True, gc=False):
    """What a fund has at most; None: no limit."""

    fund: Fund
    title: str
    """What it is called towards whoever asks."""
    tokens: int | None = None
    nanos: int | None = None


class Need(Struct, frozen=True, gc=False):
    """What an attempt may come to."""

    prompt: Amount
    answer: Amount
    """The longest one there may be."""

    @property
    def total(self) -> Amount:
        """Both together: what is set aside."""
        return self.prompt + self.answer

    def after(self, seconds: float) -> Amount:
        """What it has probably come to, if nobody has counted, when the tier was at work for so long."""
        most = self.answer.tokens
        tokens = min(most, round(ESTIMATED_RATE * max(seconds, 0.0)))
        nanos = -(-self.answer.nanos * tokens // most) if most else 0
        return self.prompt + Amount(tokens, nanos)


class Balance(Struct, frozen=True, gc=False):
    """How a fund stands."""

    spent: Amount = NOTHING
    held: Amount = NOTHING
    """What is set aside for attempts that run."""


class Shortfall(Struct, frozen=True, gc=False):
    """A limit that an attempt might go beyond."""

    limit: Limit
    unit: Literal["tokens", "usd"]
    left: int
    """Tokens or nanodollars that are neither spent nor set aside."""
    needed: int
    is_lasting: bool
    """Whether it lasts until the fund renews; else attempts that run now have set aside what is wanted."""


_UNTOUCHED = Balance()


def shortfall(limits: Sequence[Limit], balances: Mapping[Fund, Balance], need: Amount) -> Shortfall | None:
    """What stands in the way of using so much; of several limits the one that does so for longest."""
    found: Shortfall | None = None
    for limit in limits:
        balance = balances.get(limit.fund, _UNTOUCHED)
        for unit, most, spent, held, needed in (
            ("tokens", limit.tokens, balance.spent.tokens, balance.held.tokens, need.tokens),
            ("usd", limit.nanos, balance.spent.nanos, balance.held.nanos, need.nanos),
        ):
            if most is None or needed == 0 or spent + held + needed <= most:
                continue
            left = max(most - spent - held, 0)
            lacking = Shortfall(limit, "tokens" if unit == "tokens" else "usd", left, needed, spent + needed > most)
            if found is None or _lasts_longer(lacking, found):
                found = lacking
    return found


def _lasts_longer(one: Shortfall, other: Shortfall) -> bool:
    return (one.is_lasting, one.limit.fund.ends) > (other.is_lasting, other.limit.fund.ends)
