from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.unit.decisions.records import CLOUD, LOCAL, decision

from anvil_serving.decisions import Attempt, Decision, Price, PriceList
from anvil_serving.decisions.report import USUAL_REFERENCE, Course, Report, report
from anvil_serving.decisions.report_page import report_page

PRICES = PriceList(
    "2026-11-20",
    "a test",
    {"claude-sonnet-4-5": Price(3.0, 15.0, 0.3, 3.75), USUAL_REFERENCE: Price(2.0, 10.0, 0.2, 2.5)},
)
FAILED = Attempt("fast", "qwen3-coder", "stream_cut", privacy="local", cost_usd=0.0)
IN_THE_CLOUD = (200 * 3.0 + 800 * 0.3 + 100 * 15.0) / 1e6
"""What `LOCAL` would have cost at claude-sonnet-4-5."""


def made(*decisions: Decision, reference: str | None = None) -> Report:
    return report(decisions, PRICES, reference)


def replaced(attempt: Attempt, **members: Any) -> Attempt:
    return msgspec.structs.replace(attempt, **members)


def test_an_empty_log() -> None:
    found = made()
    assert (found.total.requests, found.classes, found.since) == (0, (), None)
    assert report_page(found).startswith("No decisions.")


def test_a_request_that_the_first_local_tier_answers_is_accepted() -> None:
    total = made(decision(1)).total
    assert (total.requests, total.answered, total.local, total.accepted, total.fallbacks) == (1, 1, 1, 1, 0)


@pytest.mark.parametrize(
    ("attempts", "local", "fallbacks"),
    [
        ((replaced(LOCAL, defects=("repaired",)),), 1, 0),
        ((FAILED, replaced(LOCAL, tier="heavy")), 1, 1),
        ((FAILED, LOCAL), 1, 0),
        ((FAILED, CLOUD), 0, 1),
        ((CLOUD,), 0, 0),
    ],
)
def test_any_other_answer_is_not_accepted(attempts: tuple[Attempt, ...], local: int, fallbacks: int) -> None:
    total = made(decision(1, attempts=attempts)).total
    assert (total.answered, total.local, total.accepted, total.fallbacks) == (1, local, 0, fallbacks)


def test_results() -> None:
    ends = ("answered", "exhausted", "broken_off", "refused", "client_left", "failed")
    total = made(*(decision(number, result=end) for number, end in enumerate(ends))).total
    assert (total.requests, total.answered, total.unserved, total.aside) == (6, 1, 2, 3)


def test_a_silent_failure_is_found_in_a_later_request() -> None:
    first = decision(1, tool_calls=("a", "b"))
    found = made(first, decision(2, failed_tool_calls=("b", "a")), decision(3, failed_tool_calls=("a",)))
    assert found.total.silent_failures == 1
    assert found.total.accepted == 3
    assert found.total.as_it_was == Course(2, 1, 0, 0.0)
    assert found.total.always_local == Course(2, 1, 0, 0.0)


def test_an_id_of_another_conversation_is_another_call() -> None:
    first = decision(1, tool_calls=("call_0",))
    for other in (
        decision(2, session="another", failed_tool_calls=("call_0",)),
        decision(2, client="another", failed_tool_calls=("call_0",)),
        decision(2, failed_tool_calls=("call_1",)),
    ):
        assert made(first, other).total.silent_failures == 0


def test_a_call_that_is_reported_before_it_is_made_is_none() -> None:
    assert made(decision(1, failed_tool_calls=("a",), tool_calls=("a",))).total.silent_failures == 0


def test_the_baselines() -> None:
    found = made(
        decision(1),
        decision(2, tool_calls=("a",)),
        decision(3, attempts=(FAILED, CLOUD), cost_usd=0.0045),
        decision(4, attempts=(CLOUD,), tool_calls=("b",)),
        decision(5, attempts=(FAILED,), result="exhausted"),
        decision(6, attempts=(LOCAL,), failed_tool_calls=("a", "b")),
    ).total
    spent = 2 * 0.0045
    in_the_cloud = 3 * IN_THE_CLOUD + 2 * 0.0045
    assert found.as_it_was == Course(3, 3, 0, pytest.approx(spent))
    assert found.always_local == Course(2, 3, 1, 0.0)
    assert found.always_cloud == Course(1, 1, 4, pytest.approx(in_the_cloud))
    assert found.saved_usd == pytest.approx(in_the_cloud - spent)
    assert (found.cloud_input_tokens, found.cloud_output_tokens) == (2_000, 200)


def test_classes_and_purposes_have_lines_of_their_own() -> None:
    found = made(decision(1), decision(2, work_class="chat"), decision(3, purpose="embeddings"))
    assert [(line.work_class, line.requests) for line in found.classes] == [
        ("bounded-edit", 1),
        ("chat", 1),
        ("embeddings", 1),
    ]
    assert found.total.requests == 3


def test_a_silent_failure_counts_for_the_class_of_the_answer() -> None:
    found = made(decision(1, tool_calls=("a",)), decision(2, work_class="chat", failed_tool_calls=("a",)))
    assert [line.silent_failures for line in found.classes] == [1, 0]


def test_the_time_lost_is_what_passed_before_the_answering_attempt() -> None:
    decisions = [decision(number, first_byte_seconds=0.5 + lost) for number, lost in enumerate((0.01, 0.02, 30.0))]
    total = made(*decisions).total
    assert total.lost_mean_seconds == pytest.approx(10.01)
    assert total.lost_median_seconds == pytest.approx(0.02, rel=0.05)
    assert made(decision(1, first_byte_seconds=None)).total.lost_mean_seconds is None


@pytest.mark.parametrize(
    ("models", "named", "expected", "known"),
    [
        ((), None, USUAL_REFERENCE, True),
        ((), "claude-sonnet-4-5", "claude-sonnet-4-5", True),
        ((), "nobody's", "nobody's", False),
        (("claude-sonnet-4-5", USUAL_REFERENCE, "claude-sonnet-4-5"), None, "claude-sonnet-4-5", True),
        (("unlisted", "unlisted", USUAL_REFERENCE), None, USUAL_REFERENCE, True),
        (("unlisted",), None, USUAL_REFERENCE, True),
    ],
)
def test_the_reference(models: tuple[str, ...], named: str | None, expected: str, known: bool) -> None:
    decisions = [decision(number, attempts=(replaced(CLOUD, model=model),)) for number, model in enumerate(models)]
    found = made(*decisions, reference=named)
    assert found.reference.model == expected
    assert (found.reference.price is not None) is known
    assert expected in report_page(found)
    if not known:
        assert found.total.saved_usd is None
        assert "what was saved is not known" in report_page(found)


def test_the_usual_reference_is_in_the_shipped_list() -> None:
    assert PriceList.load({"XDG_DATA_HOME": "/nowhere"}).find(USUAL_REFERENCE) is not None


def test_what_is_missing_is_said() -> None:
    found = made(
        decision(1, attempts=(replaced(LOCAL, cached_tokens=None),)),
        decision(2, attempts=(replaced(LOCAL, input_tokens=None),)),
        decision(3, attempts=(replaced(CLOUD, cost_usd=None),)),
        decision(4, attempts=(replaced(LOCAL, privacy=None),)),
        decision(5, result="client_left"),
    )
    total = found.total
    assert (total.uncached_answers, total.uncounted_answers, total.unpriced_attempts, total.placeless) == (1, 1, 1, 1)
    page = report_page(found)
    for words in (
        "1 requests say nothing of the tiers",
        "1 answers came from tiers of which was not recorded",
        "1 attempts have no known cost",
        "1 answers have no count of tokens",
        "1 local answers do not say what came from a cache",
    ):
        assert words in page


def test_the_page_is_narrow_and_harmless() -> None:
    found = made(decision(1, work_class="\x1b[31m" + "x" * 200), decision(2, work_class="multi-file-refactor"))
    page = report_page(found)
    assert "\x1b" not in page
    assert max(len(line) for line in page.splitlines()) <= 130
    usual = report_page(made(decision(2, work_class="multi-file-refactor")))
    assert max(len(line) for line in usual.splitlines()) <= 100


def test_many_answers_may_count_more_than_one_can() -> None:
    large = replaced(CLOUD, input_tokens=10**9, output_tokens=10**9)
    total = made(*(decision(number, attempts=(large,)) for number in range(3))).total
    assert (total.cloud_input_tokens, total.uncounted_answers) == (3 * 10**9, 0)
    assert total.always_cloud.cost_usd == pytest.approx(3 * 1_000 * (3.0 + 15.0))


def test_what_nobody_can_have_counted_is_not_counted() -> None:
    total = made(decision(1, attempts=(replaced(CLOUD, input_tokens=10**9 + 1, output_tokens=2**63),))).total
    assert (total.cloud_input_tokens, total.cloud_output_tokens, total.uncounted_answers) == (0, 0, 1)
    assert total.always_cloud.cost_usd == 0.0


def test_what_one_answer_says_of_its_cache_is_not_taken_off_another() -> None:
    boasting = replaced(CLOUD, input_tokens=1_000, cached_tokens=10**9, output_tokens=0)
    plain = replaced(CLOUD, input_tokens=1_000, cached_tokens=0, output_tokens=0)
    total = made(decision(1, attempts=(boasting,)), decision(2, attempts=(plain,))).total
    assert total.always_cloud.cost_usd == pytest.approx((1_000 * 0.3 + 1_000 * 3.0) / 1e6)
