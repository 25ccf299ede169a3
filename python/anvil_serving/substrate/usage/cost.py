"""What tokens would cost at list prices, which the caller hands over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HOUR_FACTOR", "Cost", "ListPrice", "ListPrices", "TokenSums", "cost_of"]

HOUR_FACTOR: Final = 2.0
"""What a token costs that is written to a cache for an hour, in prices of ordinary input (Anthropic, Prompt caching,
"Pricing"); price lists have the price of five minutes."""

_MILLION: Final = 1_000_000


class ListPrice(Protocol):
    """US dollars per million tokens."""

    @property
    def input(self) -> float:
        """Of a prompt."""

    @property
    def output(self) -> float:
        """Of an answer."""

    @property
    def cached_input(self) -> float:
        """Of a prompt, from a cache."""

    @property
    def cache_write(self) -> float:
        """Of a prompt, written to a cache for the usual time."""


class ListPrices(Protocol):
    """A dated list."""

    @property
    def date(self) -> str:
        """As YYYY-MM-DD."""

    @property
    def source(self) -> str:
        """Who has put it together."""

    def find(self, model: str | None, /) -> ListPrice | None:
        """The price of a model; None where the list has none."""


class TokenSums(NamedTuple):
    """Answers and their tokens."""

    calls: int = 0
    fresh: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_hour: int = 0
    output: int = 0
    reasoning: int = 0
    """Part of the output."""

    @property
    def written(self) -> int:
        """What was written to caches."""
        return self.cache_write + self.cache_write_hour

    @property
    def total(self) -> int:
        """Prompts and answers."""
        return self.fresh + self.cache_read + self.written + self.output

    @classmethod
    def of(cls, parts: Iterable[TokenSums]) -> TokenSums:
        """All of them together."""
        columns = zip(*parts, strict=True)
        return cls(*(sum(column) for column in columns))


class Cost(Struct, frozen=True):
    """What it would cost at the list prices of a day."""

    usd: float
    """Of the models that the list has."""
    prices_date: str
    prices_source: str
    unpriced_calls: int
    unpriced_models: tuple[str, ...]
    """Models that the list does not have, local ones among them, by how often they were called."""


def cost_of(tokens: TokenSums, price: ListPrice | None) -> float | None:
    """US dollars; None where there is no price."""
    if price is None:
        return None
    return (
        tokens.fresh * price.input
        + tokens.cache_read * price.cached_input
        + tokens.cache_write * price.cache_write
        + tokens.cache_write_hour * price.input * HOUR_FACTOR
        + tokens.output * price.output
    ) / _MILLION
