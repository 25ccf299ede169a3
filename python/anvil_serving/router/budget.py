"""How much may be used: which limits hold for a request, what an answer may come to, and what it came to. Pure."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from anvil_serving.config import Period
from anvil_serving.decisions.prices import BillableTokens, believed
from anvil_serving.errors import BudgetSpent, Overloaded, UnknownBudget
from anvil_serving.state import NANOS, Amount, Balance, Fund, Limit, Need, Shortfall, shortfall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anvil_serving import config
    from anvil_serving.decisions import Price
    from anvil_serving.errors import RequestError
    from anvil_serving.router.caller import Caller
    from anvil_serving.router.needs import Needs
    from anvil_serving.state import Kind
    from anvil_serving.upstream import Calibration, Outcome, Tier

__all__ = ["UNLIMITED", "Budgets", "Left", "Purse", "Reckoning", "Unpaid", "budget_refusal", "sooner", "span"]

_Number = TypeVar("_Number", int, float)

_MILLION = 1_000_000
_TEMPLATE_TOKENS = 64
"""What a chat template may add to a prompt: estimates from bytes are high enough for that but where it is small."""
_COME_AGAIN = 5
"""Seconds until some of the attempts that run now have probably ended."""
_PATIENCE_OF_CODEX = 60
"""Seconds. A longer `Retry-After` Codex would sit out; without one a 429 is final to it (clients.md, section 2)."""

_UNBILLED = frozenset(
    [
        *("name_not_found", "refused", "unreachable", "tls", "proxy", "connect_timeout"),
        *("not_http", "redirect", "engine_closed"),
    ]
)
"""Failures of attempts whose prompt nobody has read."""


class Unpaid(msgspec.Struct, frozen=True, gc=False):
    """Why a tier is not to be asked, for want of a budget."""

    reason: str
    lacking: Shortfall | None = None
    """What there is too little of; None: that cannot be said."""


class Left(msgspec.Struct, frozen=True):
    """What is left of a limit."""

    budget: str
    tokens: int | None
    """None: no limit."""
    usd: float | None
    renews_at: int
    """Seconds since the epoch."""


class Purse(msgspec.Struct, frozen=True, gc=False):
    """The limits that hold for a request, and how they stood when it came."""

    limits: tuple[Limit, ...] = ()
    balances: Mapping[Fund, Balance] = {}
    is_known: bool = True
    """Whether anybody can say how they stand."""

    @property
    def limits_tokens(self) -> bool:
        """Whether tokens are limited, and with them every tier."""
        return any(limit.tokens is not None for limit in self.limits)

    @property
    def limits_usd(self) -> bool:
        """Whether dollars are limited, and with them the tiers that cost some."""
        return any(limit.nanos is not None for limit in self.limits)

    def why_closed(self, need: Need, price: Price | None) -> Unpaid | None:
        """Why a tier of this price must not be asked; None: there is enough for it, as far as is known."""
        if self.limits_usd and price is None:
            return Unpaid("its price is not known, and what may be spent has a limit")
        total = need.total
        if self.limits_usd and total.nanos and not self.is_known:
            return Unpaid("it costs, and what is left to be spent cannot be read")
        lacking = shortfall(self.limits, self.balances, total)
        return None if lacking is None else Unpaid(_told(lacking), lacking)

    @property
    def left(self) -> tuple[Left, ...]:
        """What is left of each limit."""
        return tuple(_left(limit, self.balances.get(limit.fund, Balance())) for limit in self.limits)


UNLIMITED = Purse()


class Budgets:
    """Which limits hold for whom, as the configuration says."""

    def __init__(self, settings: config.Budget, clients: Sequence[config.Client]) -> None:
        self._settings = settings
        tokens, usd, period = settings.client_tokens, settings.client_usd, settings.client_period
        self._usual = _Terms.of(tokens, usd, period)
        self._of_client = {
            client.name: _Terms.of(_instead(client.budget_tokens, tokens), _instead(client.budget_usd, usd), period)
            for client in clients
        }
        self._of_session = _Terms.of(settings.session_tokens, settings.session_usd, settings.session_period)
        self._named = {name: _Terms.of(each.tokens, each.usd, each.period) for name, each in settings.named.items()}

    @property
    def are_any(self) -> bool:
        """Whether anything is limited at all."""
        return any((self._usual, self._of_session, *self._of_client.values(), *self._named.values()))

    def limits(self, caller: Caller, session: str | None, named: Sequence[str], now: float) -> tuple[Limit, ...]:
        """The limits of a request; `session` is its session's name, `named` the budgets that it names.

        Raises `UnknownBudget` where it names one that there is not, or not for this caller.
        """
        who = caller.name or ""
        found: list[Limit] = []
        if self._of_session is not None and session is not None:
            # A name is printable: the line's end sets it apart from the client's, whose own it is.
            found.append(self._of_session.limit("session", f"{who}\n{session}", "this session", now))
        terms = self._usual if caller.name is None else self._of_client.get(who, self._usual)
        if terms is not None:
            found.append(terms.limit("client", who, f"client {who}" if who else "this client", now))
        for name in dict.fromkeys(named):
            if name not in self._open_to(caller):
                raise _unknown(name, self._open_to(caller))
            charged = self._named[name]
            if charged is not None:
                found.append(charged.limit("named", name, f"budget {name}", now))
        return tuple(found)

    def _open_to(self, caller: Caller) -> list[str]:
        named = self._settings.named
        return [name for name, each in named.items() if not each.clients or caller.name in each.clients]


class _Terms(msgspec.Struct, frozen=True):
    """What is limited, and for how long."""

    tokens: int | None
    nanos: int | None
    period: Period

    @classmethod
    def of(cls, tokens: int | None, usd: float | None, period: Period) -> _Terms | None:
        """None where nothing is limited."""
        if tokens is None and usd is None:
            return None
        return cls(tokens, None if usd is None else round(usd * NANOS), period)

    def limit(self, kind: Kind, name: str, title: str, now: float) -> Limit:
        began, ends = span(self.period, now)
        return Limit(Fund(kind, name, self.period, began, ends), title, self.tokens, self.nanos)


def span(period: Period, now: float) -> tuple[int, int]:
    """When the period that it is now has begun and when it ends: seconds since the epoch, by the calendar in UTC."""
    moment = datetime.datetime.fromtimestamp(now, tz=datetime.UTC)
    if period == "hour":
        began = moment.replace(minute=0, second=0, microsecond=0)
        ends = began + datetime.timedelta(hours=1)
    elif period == "month":
        began = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        ends = (began + datetime.timedelta(days=31)).replace(day=1)
    else:
        began = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        began -= datetime.timedelta(days=began.weekday() if period == "week" else 0)
        ends = began + datetime.timedelta(days=7 if period == "week" else 1)
    return int(began.timestamp()), int(ends.timestamp())


class Reckoning:
    """What answers of tiers may come to, and what they came to."""

    def __init__(self, calibration: Calibration, prices: Mapping[str, Price | None], *, answer_tokens: int) -> None:
        """`answer_tokens`: what an answer is taken for whose caller sets no cap."""
        self._calibration = calibration
        self._prices = prices
        self._answer_tokens = answer_tokens

    def price(self, tier: Tier) -> Price | None:
        """What the tier bills; None: not known."""
        return self._prices.get(tier.id)

    def need(self, tier: Tier, needs: Needs) -> Need:
        """What an attempt at the tier may come to; where its price is not known, without what it costs."""
        settings, price = tier.settings, self.price(tier)
        prompt = max(needs.prompt_tokens, self._calibration.estimate(tier.id, needs.prompt_tokens)) + _TEMPLATE_TOKENS
        answer = needs.output_tokens if needs.is_capped else self._answer_tokens
        answer = min(answer, settings.max_output_tokens or answer, settings.context_limit) * needs.answers
        if price is None:
            return Need(Amount(prompt), Amount(answer))
        dearest = max(price.input, price.cache_write)
        return Need(Amount(prompt, _nanos(prompt * dearest)), Amount(answer, _nanos(answer * price.output)))

    def spent(self, tier: Tier, need: Need, outcome: Outcome | None, seconds: float) -> Amount:
        """What an attempt that was at work for so long came to: as counted by the tier, else as estimated.

        `outcome`: None where it was not waited for.
        """
        price = self.price(tier)
        if outcome is None:
            return need.after(seconds)
        billable = BillableTokens.of(outcome)
        if billable is not None:
            tokens = billable.plain + billable.cached + billable.written + billable.output
            return Amount(tokens, 0 if price is None else math.ceil(price.of(billable) * NANOS))
        if outcome.status is not None or outcome.failure in _UNBILLED:
            return Amount()
        # What has not begun to answer has written nothing.
        guess = need.after(seconds if outcome.first_byte_seconds is not None else 0.0)
        counted = believed(outcome.input_tokens)
        if counted is None:
            return guess
        answer = guess.tokens - need.prompt.tokens, guess.nanos - need.prompt.nanos
        return Amount(counted + answer[0], (0 if price is None else _nanos(counted * price.input)) + answer[1])


def budget_refusal(lacking: Shortfall, dialect: str, now: float) -> RequestError:
    """The error where nothing can be asked for want of a budget."""
    if not lacking.is_lasting:
        return Overloaded(
            f"no tier can be asked now: {_told(lacking)}",
            status=529 if dialect == "messages" else 503,
            retry_after=_COME_AGAIN,
        )
    seconds = max(1, math.ceil(lacking.limit.fund.ends - now))
    is_told = dialect != "responses" or seconds <= _PATIENCE_OF_CODEX
    return BudgetSpent(f"the budget is spent: {_told(lacking)}", retry_after=seconds if is_told else None)


def sooner(one: Shortfall | None, other: Shortfall | None) -> Shortfall | None:
    """Of what closes two tiers, what opens one of them first."""
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda lacking: (lacking.is_lasting, lacking.limit.fund.ends))


def _told(lacking: Shortfall) -> str:
    limit = lacking.limit
    show = _dollars if lacking.unit == "usd" else _tokens
    most = (limit.nanos if lacking.unit == "usd" else limit.tokens) or 0
    renews = datetime.datetime.fromtimestamp(limit.fund.ends, tz=datetime.UTC)
    why = f"it renews at {renews:%Y-%m-%d %H:%M} UTC" if lacking.is_lasting else "the rest is set aside for others now"
    return (
        f"{limit.title} has {show(lacking.left)} left of {show(most)} this {limit.fund.period}, and this may take "
        f"{show(lacking.needed)}; {why}"
    )


def _tokens(number: int) -> str:
    return f"{number:,} tokens"


def _dollars(nanos: int) -> str:
    return f"${nanos / NANOS:,.4f}"


def _nanos(microdollars: float) -> int:
    """Tokens times dollars per million of them, in billionths of a dollar."""
    return math.ceil(microdollars * (NANOS / _MILLION))


def _left(limit: Limit, balance: Balance) -> Left:
    used = balance.spent + balance.held
    return Left(
        limit.title,
        None if limit.tokens is None else max(limit.tokens - used.tokens, 0),
        None if limit.nanos is None else max(limit.nanos - used.nanos, 0) / NANOS,
        limit.fund.ends,
    )


def _unknown(name: str, known: Sequence[str]) -> UnknownBudget:
    there_are = f"there are {', '.join(known)}" if known else "there is none; [router.budget.named] makes some"
    return UnknownBudget(f"there is no budget {name[:80]!r} here: {there_are}", param="x-anvil-budget")


def _instead(own: _Number | Literal["off"] | None, usual: _Number | None) -> _Number | None:
    if own is None:
        return usual
    return None if own == "off" else own
