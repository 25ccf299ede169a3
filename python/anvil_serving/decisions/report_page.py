"""A report as tables for a terminal, with the words that say what its figures are and are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anvil_serving.layout import count, dollars, duration, moment, share, table, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .report import Course, Figures, Report

__all__ = ["report_page"]


def report_page(report: Report) -> str:
    """The page: plain text of at most 100 columns, ending in a newline."""
    rows = [*report.classes, report.total]
    lines = [
        *wrapped(_title(report)),
        "",
        *_served(rows),
        "",
        *_money(rows),
        "",
        *_courses(report),
        "",
        *_words(report),
    ]
    return "\n".join(lines) + "\n"


def _title(report: Report) -> str:
    if report.since is None or report.until is None:
        return "No decisions."
    return f"{count(report.total.requests)} requests from {moment(report.since)} to {moment(report.until)}"


def _served(rows: list[Figures]) -> list[str]:
    header = ("work class", "requests", "answered", "locally", "accepted", "silent failures", "fallbacks", "unserved")
    return table(
        header,
        [
            (
                row.work_class,
                count(row.requests),
                count(row.answered),
                f"{count(row.local)} {share(row.local, row.answered):>5}",
                f"{count(row.accepted)} {share(row.accepted, row.answered):>5}",
                count(row.silent_failures),
                count(row.fallbacks),
                count(row.unserved),
            )
            for row in rows
        ],
    )


def _money(rows: list[Figures]) -> list[str]:
    header = ("work class", "cloud tokens in", "out", "spent", "saved", "time lost: median", "mean")
    return table(
        header,
        [
            (
                row.work_class,
                count(row.cloud_input_tokens),
                count(row.cloud_output_tokens),
                dollars(row.spent_usd),
                dollars(row.saved_usd),
                duration(row.lost_median_seconds),
                duration(row.lost_mean_seconds),
            )
            for row in rows
        ],
    )


def _courses(report: Report) -> list[str]:
    total = report.total
    courses = (
        ("as it was", total.as_it_was),
        ("always local", total.always_local),
        (f"always cloud ({report.reference.model})", total.always_cloud),
    )
    return table(
        ("all requests", "served", "failed", "not known", "cost"), [_course(name, course) for name, course in courses]
    )


def _course(name: str, course: Course) -> tuple[str, str, str, str, str]:
    return name, count(course.served), count(course.failed), count(course.unknown), dollars(course.cost_usd)


def _words(report: Report) -> Iterator[str]:
    for sentence in (*_meanings(report), *_reservations(report.total)):
        yield from wrapped(f"- {sentence}")


def _meanings(report: Report) -> Iterator[str]:
    reference = report.reference
    yield (
        "accepted: answered by the first tier that was asked, a local one, without a defect. silent failures: answered "
        "with a tool call that the caller later reported as failed. time lost: until the first byte, before the "
        "answering attempt began"
    )
    yield (
        "always local, always cloud: what is known from the tiers that were asked; not known are the requests that "
        "were never tried there"
    )
    if reference.price is None:
        yield f"{reference.model} ({reference.reason}) has no price in the list: what was saved is not known"
    else:
        yield (
            f"saved: the answered tokens at the price of {reference.model} ({reference.reason}) by the list of "
            f"{report.prices_date}, less what was spent. Another model would have counted and written other tokens"
        )


def _reservations(total: Figures) -> Iterator[str]:
    """What the figures leave out, where they leave something out."""
    found = (
        (total.aside, "requests say nothing of the tiers: the caller left, or the request was wrong"),
        (total.placeless, "answers came from tiers of which was not recorded whether they are local"),
        (total.unpriced_attempts, "attempts have no known cost: more was spent, and less saved, than is shown"),
        (total.uncounted_answers, "answers have no count of tokens: the cloud would have cost more than is shown"),
        (total.uncached_answers, _UNCACHED),
    )
    for number, sentence in found:
        if number:
            yield f"{count(number)} {sentence}"


_UNCACHED = (
    "local answers do not say what came from a cache, and stand in `always cloud` at the full price: it would have "
    "cost less than is shown"
)
