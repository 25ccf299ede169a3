"""What tokens cost: a dated table of list prices, and what the configuration says instead.

The table comes with the package (`prices.json`); `anvil-serving prices sync` writes a newer one for the user. Both hold
what vendors ask for prompts of ordinary length: surcharges for very long ones, for priority and for searches are not in
it, nor is the second, higher price of a cache that lasts an hour.
"""

from __future__ import annotations

import datetime
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, Self

import msgspec
from msgspec import Struct

from anvil_serving.files import NotRegular, check_regular, own_folder

if TYPE_CHECKING:
    from anvil_serving.config import Tier

__all__ = [
    "VENDORS",
    "BillableTokens",
    "ListedPrice",
    "Price",
    "PriceList",
    "PriceTable",
    "TokenCounts",
    "believed",
    "cost",
    "current_table",
    "synced_path",
]

VENDORS: Final = {
    "anthropic": "anthropic",
    "openai": "openai",
    "gemini": "gemini",
    "google": "gemini",
    "deepseek": "deepseek",
    "deepseek-ai": "deepseek",
    "mistral": "mistral",
    "mistralai": "mistral",
    "xai": "xai",
    "x-ai": "xai",
    "moonshot": "moonshot",
    "moonshotai": "moonshot",
    "zai": "zai",
    "z-ai": "zai",
    "zai-org": "zai",
    "dashscope": "dashscope",
    "qwen": "dashscope",
    "minimax": "minimax",
    "minimaxai": "minimax",
}
"""What may stand before a model's name and a slash, and the vendor that it means."""

DEAREST: Final = 10_000.0
"""US dollars per million tokens above which a price is taken for an error, most likely of the unit."""

MOST_TOKENS: Final = 1_000_000_000
"""A count above it, some thousand times the largest context there is, is not believed."""

FILE_CAP: Final = 1024 * 1024
"""Bytes of a price table at most; the shipped one has about 20 kB."""

_MILLION: Final = 1_000_000
_SHIPPED: Final = Path(__file__).with_name("prices.json")
_DATED = re.compile(r"-\d{8}\Z|-\d{4}-\d{2}-\d{2}\Z")

_logger = logging.getLogger("anvil_serving.decisions")


class TokenCounts(Protocol):
    """What has counts of tokens; a finished attempt, for one."""

    @property
    def input_tokens(self) -> int | None:
        """All of the prompt, with what came from a cache and what was written to one."""

    @property
    def output_tokens(self) -> int | None:
        """All of the answer, reasoning included."""

    @property
    def cached_tokens(self) -> int | None:
        """Of the prompt, what came from a cache; None: nothing is known to."""

    @property
    def cache_write_tokens(self) -> int | None:
        """Of the prompt, what was written to a cache; None: nothing is known to."""


class Price(Struct, frozen=True):
    """US dollars per million tokens."""

    input: float
    output: float
    cached_input: float
    cache_write: float

    @property
    def free(self) -> bool:
        """Whether nothing is billed, however many tokens it were."""
        return self == _FREE

    def of(self, tokens: BillableTokens) -> float:
        """US dollars for these tokens."""
        prompt = tokens.plain * self.input + tokens.cached * self.cached_input + tokens.written * self.cache_write
        return (prompt + tokens.output * self.output) / _MILLION


_FREE = Price(0.0, 0.0, 0.0, 0.0)


class ListedPrice(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A price as the table has it. What is not said is billed as ordinary input."""

    input: float
    output: float
    cached_input: float | None = None
    cache_write: float | None = None

    def resolved(self) -> Price:
        """The price with nothing left open."""
        cached = self.input if self.cached_input is None else self.cached_input
        written = self.input if self.cache_write is None else self.cache_write
        return Price(self.input, self.output, cached, written)

    def plausible(self) -> bool:
        """Whether every number can be a price per million tokens; infinities and not-a-numbers are none."""
        numbers = (self.input, self.output, self.cached_input or 0.0, self.cache_write or 0.0)
        return all(0 <= number <= DEAREST for number in numbers)


class PriceTable(Struct, frozen=True, forbid_unknown_fields=True):
    """The file."""

    date: datetime.date
    """The day as of which the prices are."""
    source: str
    models: dict[str, ListedPrice]
    """By the vendor's own name in lower case, without the vendor."""


def believed(count: int | None) -> int | None:
    """A tier's count of tokens; None where there is none, or it is absurd."""
    return count if count is not None and 0 <= count <= MOST_TOKENS else None


class BillableTokens(Struct, frozen=True):
    """Tokens by their price: each is counted once."""

    plain: int
    """Of the prompt, what is billed as ordinary input."""
    cached: int
    written: int
    output: int

    @classmethod
    def of(cls, tokens: TokenCounts) -> Self | None:
        """What of a tier's own counts is billed; None where they are not known, or one of them is not believed.

        Cached and cache-written tokens are part of the prompt, and no more than it, whatever the tier says.
        """
        prompt, output = believed(tokens.input_tokens), believed(tokens.output_tokens)
        cached, written = believed(tokens.cached_tokens or 0), believed(tokens.cache_write_tokens or 0)
        if prompt is None or output is None or cached is None or written is None:
            return None
        cached = min(cached, prompt)
        written = min(written, prompt - cached)
        return cls(prompt - cached - written, cached, written, output)

    def __add__(self, other: BillableTokens) -> BillableTokens:
        """Both together."""
        return BillableTokens(
            self.plain + other.plain,
            self.cached + other.cached,
            self.written + other.written,
            self.output + other.output,
        )


def cost(price: Price, tokens: TokenCounts) -> float | None:
    """US dollars for what a tier has counted; None where it has not, or absurdly, unless nothing is billed anyway."""
    if price.free:
        return 0.0
    billable = BillableTokens.of(tokens)
    return None if billable is None else price.of(billable)


def synced_path(environ: Mapping[str, str]) -> Path:
    """Where `prices sync` keeps the user's table (XDG Base Directory Specification)."""
    return own_folder(environ, "XDG_DATA_HOME") / "prices.json"


def current_table(environ: Mapping[str, str]) -> PriceTable:
    """The newer of the shipped table and the user's. A broken one of the user's is told of, and passed over."""
    shipped = _read(_SHIPPED)
    path = synced_path(environ)
    try:
        synced = _read(path)
    except FileNotFoundError:
        return shipped
    except (OSError, ValueError, msgspec.MsgspecError, NotRegular) as error:
        _logger.warning(
            "the price list %s cannot be used (%s), so the shipped one of %s is: remove it, or run "
            "`anvil-serving prices sync`",
            path,
            error,
            shipped.date,
        )
        return shipped
    return shipped if synced.date < shipped.date else synced


class PriceList(Struct, frozen=True):
    """Prices by model."""

    date: str
    """The day as of which they are, as YYYY-MM-DD."""
    source: str
    models: Mapping[str, Price]

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """The prices of the newer table: the shipped one, or the user's. See `current_table`."""
        return cls.of(current_table(os.environ if environ is None else environ))

    @classmethod
    def of(cls, table: PriceTable) -> Self:
        """The list that a table makes."""
        return cls(
            table.date.isoformat(), table.source, {name: listed.resolved() for name, listed in table.models.items()}
        )

    def find(self, model: str | None) -> Price | None:
        """The price of a model: by its name, then without a vendor before it, then without a date after it."""
        if model is None:
            return None
        name = model.strip().lower()
        vendor, slash, bare = name.partition("/")
        for candidate in (name, bare) if slash and vendor in VENDORS else (name,):
            for form in (candidate, _DATED.sub("", candidate)):
                if form in self.models:
                    return self.models[form]
        return None

    def for_tier(self, tier: Tier, model: str | None = None) -> Price | None:
        """What a tier bills; None: not known. `model` is the one that it turned out to serve, where it names none.

        What the configuration says of the tier wins. Without a word a local tier bills nothing.
        """
        listed = self.find(tier.model or model)
        usual = _FREE if tier.privacy == "local" else listed
        base = _first(tier.cost_input_per_mtok, None if usual is None else usual.input)
        output = _first(tier.cost_output_per_mtok, None if usual is None else usual.output)
        if base is None or output is None:
            return None
        # A share of the ordinary price: an operator who pays less for the one pays less for the others.
        cached, written = (1.0, 1.0) if listed is None or not listed.input else _shares(listed)
        return Price(
            base,
            output,
            base * cached if tier.cost_cached_input_per_mtok is None else tier.cost_cached_input_per_mtok,
            base * written if tier.cost_cache_write_per_mtok is None else tier.cost_cache_write_per_mtok,
        )


def _first(said: float | None, usual: float | None) -> float | None:
    return usual if said is None else said


def _shares(listed: Price) -> tuple[float, float]:
    """What a cached and what a cache-written token cost, as shares of an ordinary one."""
    return listed.cached_input / listed.input, listed.cache_write / listed.input


def _read(path: Path) -> PriceTable:
    check_regular(path)
    with path.open("rb") as file:
        content = file.read(FILE_CAP + 1)
    if len(content) > FILE_CAP:
        raise ValueError(f"larger than {FILE_CAP} bytes")
    table = msgspec.json.decode(content, type=PriceTable)
    for name, listed in table.models.items():
        if not listed.plausible():
            raise ValueError(f"the price of {name[:80]!r} is none")
    return table
