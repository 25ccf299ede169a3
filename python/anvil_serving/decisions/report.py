"""What a log of decisions adds up to, and what it would have been if every request had gone one way.

One pass over the decisions, the oldest first, in a fixed amount of memory. `report_page.py` shows the result.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from .prices import BillableTokens, Price, PriceList, believed
from .quantile import Durations
from .signals import OpenCalls

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .record import Attempt, Decision

__all__ = ["USUAL_REFERENCE", "Course", "Figures", "Reference", "Report", "report"]

USUAL_REFERENCE: Final = "claude-sonnet-5-5"
"""The model to compare with where the log knows no cloud model: what a coding harness would ask by default."""

_ENDED: Final = ("answered", "exhausted", "broken_off")
"""The results that say something of the tiers. Not of them: a caller who left, a request that was wrong."""


class Course(Struct, frozen=True):
    """How the requests would have fared. Together they are all that were answered or could not be."""

    served: int
    failed: int
    """Not answered, or answered with a call that the caller then reported as failed."""
    unknown: int
    """Never tried this way."""
    cost_usd: float | None
    """None: not known."""


class Figures(Struct, frozen=True, kw_only=True):
    """What one work class, or all together, add up to."""

    work_class: str
    requests: int
    answered: int
    local: int
    """Answered by a local tier."""
    placeless: int
    """Answered by a tier of which was not recorded whether it is local."""
    accepted: int
    """Answered by the first tier that was asked, a local one, without a defect."""
    silent_failures: int
    """Answered with a tool call that the caller later reported as failed."""
    fallbacks: int
    """Asked of a second tier because the first failed."""
    unserved: int
    """Not answered, or not to the end, for want of a tier that could."""
    aside: int
    """Of no say about tiers: the caller left, or the request was wrong."""
    cloud_input_tokens: int
    cloud_output_tokens: int
    spent_usd: float
    saved_usd: float | None
    """What `always_cloud` costs beyond what was spent; None: not known."""
    lost_mean_seconds: float | None
    """Until the first byte, before the answering attempt began: deciding, waiting, and failed attempts."""
    lost_median_seconds: float | None
    unpriced_attempts: int
    """Attempts that billed what is not known; not in `spent_usd`."""
    uncounted_answers: int
    """Answers whose tokens are not known; not in the cost of `always_cloud`."""
    uncached_answers: int
    """Local answers that did not say what came from a cache: in `always_cloud` at the full price."""
    as_it_was: Course
    always_local: Course
    always_cloud: Course


class Reference(Struct, frozen=True):
    """The cloud model that is compared with."""

    model: str
    price: Price | None
    """None: the price list does not know it."""
    reason: str


class Report(Struct, frozen=True):
    """What a log adds up to."""

    since: float | None
    """When the first decision was made, in seconds since the epoch; None where there is none."""
    until: float | None
    classes: tuple[Figures, ...]
    """By work class, in the order of the alphabet; what is not a conversation, by its purpose."""
    total: Figures
    reference: Reference
    prices_date: str


def report(decisions: Iterable[Decision], prices: PriceList, reference_model: str | None = None) -> Report:
    """Adds decisions up; the oldest must come first. `reference_model` is what "always cloud" would have asked."""
    total = _Tally("all")
    tallies: dict[str, _Tally] = {}
    calls: OpenCalls[_Answer] = OpenCalls()
    models: Counter[str] = Counter()
    since = until = None
    for decision in decisions:
        since = decision.at if since is None else since
        until = decision.at
        name = decision.work_class if decision.purpose == "chat" else decision.purpose
        both = (tallies.setdefault(name, _Tally(name)), total)
        for answer in calls.failed(decision):
            answer.fail()
        for tally in both:
            tally.add(decision)
        answering = _answering(decision)
        if answering is not None:
            calls.made(decision, _Answer(both, answering))
        models.update(attempt.model for attempt in decision.attempts if attempt.privacy == "cloud" and attempt.model)
    reference = _reference(models, prices, reference_model)
    return Report(
        since,
        until,
        tuple(tallies[name].figures(reference.price) for name in sorted(tallies)),
        total.figures(reference.price),
        reference,
        prices.date,
    )


def _reference(models: Counter[str], prices: PriceList, named: str | None) -> Reference:
    if named is not None:
        return Reference(named, prices.find(named), "the model that was named")
    for model, _ in models.most_common():
        if prices.find(model) is not None:
            return Reference(model, prices.find(model), "the cloud model that was asked most")
    return Reference(
        USUAL_REFERENCE, prices.find(USUAL_REFERENCE), "no cloud model of this log has a price in the list"
    )


def _answering(decision: Decision) -> Attempt | None:
    if decision.result != "answered":
        return None
    return next((attempt for attempt in reversed(decision.attempts) if attempt.outcome == "answered"), None)


class _Answer:
    """An answer that may yet turn out to have failed."""

    __slots__ = ("_failed", "_privacy", "_tallies")

    def __init__(self, tallies: tuple[_Tally, ...], answering: Attempt) -> None:
        self._tallies = tallies
        self._privacy = answering.privacy
        self._failed = False

    def fail(self) -> None:
        """Once, however many of its calls failed."""
        if not self._failed:
            self._failed = True
            for tally in self._tallies:
                tally.silent[self._privacy] += 1


class _Tally:
    """Sums of one work class."""

    def __init__(self, work_class: str) -> None:
        self._work_class = work_class
        self._results: Counter[str] = Counter()
        self._answered_by: Counter[str | None] = Counter()
        """Answers, by where the tier was."""
        self._failed_at: Counter[str | None] = Counter()
        """Requests that were asked there and never answered there."""
        self.silent: Counter[str | None] = Counter()
        """Silent failures, by where the tier was."""
        self._accepted = self._fallbacks = 0
        self._unpriced = self._uncounted = self._uncached = 0
        self._spent: dict[str | None, float] = defaultdict(float)
        self._cloud_input = self._cloud_output = 0
        self._answers = BillableTokens(0, 0, 0, 0)
        """Of all answers together; a price is put on it at the end."""
        self._lost = Durations()

    def add(self, decision: Decision) -> None:
        self._results[decision.result] += 1
        for attempt in decision.attempts:
            self._bill(attempt)
        attempts = decision.attempts
        self._fallbacks += any(attempt.tier != attempts[0].tier for attempt in attempts)
        answering = _answering(decision)
        if decision.result in _ENDED:
            answered_at = None if answering is None else answering.privacy
            for place in ("local", "cloud"):
                asked = any(attempt.privacy == place for attempt in attempts)
                self._failed_at[place] += asked and answered_at != place
        if answering is not None:
            self._add_answer(decision, answering)

    def _add_answer(self, decision: Decision, answering: Attempt) -> None:
        self._answered_by[answering.privacy] += 1
        local = answering.privacy == "local"
        self._accepted += local and answering is decision.attempts[0] and not answering.defects
        billable = BillableTokens.of(answering)
        if billable is None:
            self._uncounted += 1
        else:
            self._answers += billable
            self._uncached += local and answering.cached_tokens is None
        if decision.first_byte_seconds is not None and answering.first_byte_seconds is not None:
            self._lost.add(max(0.0, decision.first_byte_seconds - answering.first_byte_seconds))

    def _bill(self, attempt: Attempt) -> None:
        if attempt.privacy == "cloud":
            self._cloud_input += believed(attempt.input_tokens) or 0
            self._cloud_output += believed(attempt.output_tokens) or 0
        if attempt.cost_usd is not None:
            self._spent[attempt.privacy] += attempt.cost_usd
        else:
            self._unpriced += 1

    def figures(self, reference: Price | None) -> Figures:
        answered = self._results["answered"]
        ended = sum(self._results[result] for result in _ENDED)
        silent = self.silent.total()
        spent = sum(self._spent.values())
        in_the_cloud = None if reference is None else reference.of(self._answers)
        return Figures(
            work_class=self._work_class,
            requests=self._results.total(),
            answered=answered,
            local=self._answered_by["local"],
            placeless=self._answered_by[None],
            accepted=self._accepted,
            silent_failures=silent,
            fallbacks=self._fallbacks,
            unserved=ended - answered,
            aside=self._results.total() - ended,
            cloud_input_tokens=self._cloud_input,
            cloud_output_tokens=self._cloud_output,
            spent_usd=spent,
            saved_usd=None if in_the_cloud is None else in_the_cloud - spent,
            lost_mean_seconds=self._lost.mean(),
            lost_median_seconds=self._lost.median(),
            unpriced_attempts=self._unpriced,
            uncounted_answers=self._uncounted,
            uncached_answers=self._uncached,
            as_it_was=Course(answered - silent, ended - answered + silent, 0, spent),
            always_local=self._course("local", ended, self._spent["local"]),
            always_cloud=self._course("cloud", ended, in_the_cloud),
        )

    def _course(self, place: str, ended: int, cost_usd: float | None) -> Course:
        silent = self.silent[place]
        served = self._answered_by[place] - silent
        failed = self._failed_at[place] + silent
        return Course(served, failed, ended - served - failed, cost_usd)
