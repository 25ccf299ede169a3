from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from anvil_serving import config
from anvil_serving.errors import Overloaded
from anvil_serving.router import fallback
from anvil_serving.router.caller import ANYBODY
from anvil_serving.router.fallback import UNTRANSLATABLE, FailedAttempt, Fault, exhaustion, fault_of, refusal
from anvil_serving.router.plan import Candidate, Plan, PlannedAttempt
from anvil_serving.upstream import Tiers

if TYPE_CHECKING:
    from anvil_serving.upstream import Outcome

SETTINGS = config.Tier(id="cloud", base_url="http://10.0.0.5:9999/v1", context_limit=1000, privacy="cloud")
TIER = Tiers(config.Router(tiers=(SETTINGS,)), {"cloud": config.Secret("sk-very-private")})["cloud"]
PLAN = Plan("chat", (), (Candidate("cloud", None, "it is a cloud tier"), Candidate("fast", 1, "costs nothing")))


@dataclass
class _Ended:
    status: int | None
    tier_message: str | None = None
    tier_param: str | None = None


def _outcome(status: int | None, message: str | None = None, param: str | None = None) -> Outcome:
    return cast("Outcome", _Ended(status, message, param))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "invalid_request"), (409, "invalid_request"), (413, "too_large"), (422, "invalid_request")],
)
def test_the_callers_fault_is_relayed(status: int, kind: str) -> None:
    refused = refusal(TIER, _outcome(status, "too many tokens", "messages"))
    assert refused is not None
    assert (refused.status, refused.kind, str(refused), refused.param) == (status, kind, "too many tokens", "messages")
    assert refused.fault == "caller"
    assert not refused.retryable


def test_a_refusal_without_words_still_says_something() -> None:
    assert str(refusal(TIER, _outcome(400))) == "the model's server refused the request"


def test_a_refusal_tells_neither_the_tiers_address_nor_its_key() -> None:
    words = "POST http://10.0.0.5:9999/v1/chat/completions with sk-very-private at 10.0.0.5 was refused"
    told = str(refusal(TIER, _outcome(400, words)))
    assert told == "POST … with … at … was refused"


@pytest.mark.parametrize("status", [None, 401, 403, 404, 405, 408, 425, 429, 500, 502, 503, 504, 529])
def test_whatever_else_fails_is_the_tiers_fault(status: int | None) -> None:
    assert refusal(TIER, _outcome(status, "words")) is None


def test_exhaustion_names_each_attempt_and_each_tier_passed_by() -> None:
    failed = [FailedAttempt("fast", "refused"), FailedAttempt("heavy", "status", 500)]
    error = exhaustion(PLAN, failed, ANYBODY, status=503)
    assert str(error) == (
        "no tier could answer this request (fast: refused; heavy: status 500; cloud: it is a cloud tier)"
    )
    assert error.status == 503
    assert error.fault == "tier"
    assert error.retryable


def test_exhaustion_without_a_tier_says_so() -> None:
    error = exhaustion(Plan("chat", (), ()), [], ANYBODY, status=500)
    assert "none is configured" in str(error)
    assert error.status == 500


@pytest.mark.parametrize(
    ("asked", "given"), [([], 5), ([None], 5), ([0], 5), ([7], 7), ([2, None, 12], 12), ([31], 30), ([10**18], 30)]
)
def test_the_longest_wait_that_a_tier_asks_for_is_passed_on_up_to_half_a_minute(
    asked: list[int | None], given: int
) -> None:
    failed = [FailedAttempt("a", "status", 429, retry_after) for retry_after in asked]
    plan = Plan("chat", (PlannedAttempt(TIER.replicas[0], "chat"),), ())
    assert exhaustion(plan, failed, ANYBODY, status=503).retry_after == given


def test_nobody_is_told_to_try_again_where_there_is_no_tier_to_try() -> None:
    assert exhaustion(PLAN, [], ANYBODY, status=503).retry_after is None


def test_a_denial_that_leaves_nobody_names_the_ways_out() -> None:
    denied = Candidate("heavy", None, "denied for planning: a seed", "deny", 0.5)
    told = str(exhaustion(Plan("planning", (), (denied,)), [], ANYBODY, status=503))
    assert "heavy: denied for planning: a seed" in told
    assert "profile_path" in told
    assert "metered_cloud" in told
    # Not where it was not the denial that left nobody.
    assert "profile_path" not in str(exhaustion(PLAN, [], ANYBODY, status=503))
    tried = Plan("planning", (PlannedAttempt(TIER.replicas[0], "chat"),), (denied,))
    assert "profile_path" not in str(exhaustion(tried, [FailedAttempt("cloud", "refused")], ANYBODY, status=503))


def test_what_a_tier_names_as_the_member_to_blame_is_passed_on_only_if_it_can_be_one() -> None:
    assert getattr(refusal(TIER, _outcome(400, "no", "messages[0].content")), "param", "") == "messages[0].content"
    assert getattr(refusal(TIER, _outcome(400, "no", "sk-very-private at 10.0.0.5")), "param", "") is None


def test_a_request_that_no_tiers_dialect_can_say_is_the_callers_to_change() -> None:
    failed = [FailedAttempt("a", UNTRANSLATABLE, explanation="n: only one choice", param="n")]
    error = exhaustion(PLAN, failed, ANYBODY, status=503)
    assert (error.status, error.param, error.fault) == (400, "n", "caller")
    assert "only one choice" in str(error)
    assert exhaustion(PLAN, [*failed, FailedAttempt("b", "refused")], ANYBODY, status=503).status == 503


# ── whose fault ──────────────────────────────────────────────────────────────────────────────────────────────────────

CRATES = Path(__file__).parents[3] / "crates"
_LABEL = re.compile(r'=> "(\w+)"')


@pytest.mark.parametrize("source", ["anvil-upstream/src/failure.rs", "anvil-verify/src/defect.rs"])
def test_every_label_of_the_engine_is_in_the_table(source: str) -> None:
    labels = set(_LABEL.findall((CRATES / source).read_text())) - {"status"}
    assert labels
    assert labels <= set(fallback._FAULT_OF_LABEL)


@pytest.mark.parametrize(
    ("label", "fault"),
    [
        ("refused", Fault.TIER),
        ("reset", Fault.TIER),
        ("stream_cut", Fault.TIER),
        ("first_byte_timeout", Fault.TIER),
        ("tier_error", Fault.TIER),
        ("model_unknown", Fault.TIER),
        ("empty", Fault.QUALITY),
        ("schema_mismatch", Fault.QUALITY),
        ("untranslatable", Fault.CALLER),
        ("engine_closed", Fault.ROUTER),
        ("panicked", Fault.ROUTER),
        ("queue_full", Fault.ROUTER),
        ("queue_timeout", Fault.ROUTER),
        ("breaker_open", Fault.ROUTER),
        ("deadline", Fault.ROUTER),
        ("what_a_newer_engine_says", Fault.ROUTER),
    ],
)
def test_a_label_says_whose_fault_it_is(label: str, fault: Fault) -> None:
    assert fault_of(label) is fault


@pytest.mark.parametrize(
    ("statuses", "fault"),
    [
        ((400, 409, 413, 422), Fault.CALLER),
        ((401, 402, 403, 407), Fault.OPERATOR),
        ((429, 529), Fault.RESTING),
        ((404, 405, 408, 418, 425, 500, 501, 502, 503, 504, 520, 599), Fault.TIER),
    ],
)
def test_a_status_says_whose_fault_it_is(statuses: tuple[int, ...], fault: Fault) -> None:
    assert {fault_of("status", status) for status in statuses} == {fault}


def test_a_503_that_says_for_how_long_asks_to_be_left_alone() -> None:
    assert fault_of("status", 503, 7) is Fault.RESTING
    assert fault_of("status", 502, 7) is Fault.TIER


def test_the_callers_statuses_are_those_that_are_relayed() -> None:
    relayed = {status for status in range(400, 600) if refusal(TIER, _outcome(status)) is not None}
    assert relayed == {status for status in range(400, 600) if fault_of("status", status) is Fault.CALLER}


# ── no place, and no one to ask for a while ──────────────────────────────────────────────────────────────────────────

TRIED = Plan("chat", (PlannedAttempt(TIER.replicas[0], "chat"),), ())


@pytest.mark.parametrize(("dialect", "status"), [("chat", 503), ("responses", 503), ("messages", 529)])
def test_no_place_is_told_in_the_dialects_own_status(dialect: str, status: int) -> None:
    failed = [FailedAttempt("cloud", "queue_full"), FailedAttempt("fast", "queue_timeout")]
    error = exhaustion(TRIED, failed, ANYBODY, status=500, dialect=dialect)
    assert isinstance(error, Overloaded)
    assert error.status == status
    assert error.retry_after is not None
    assert error.retry_after <= 30
    assert error.kind == "overloaded"
    assert "cloud: queue_full; fast: queue_timeout" in str(error)


def test_a_failure_beside_a_full_queue_is_a_failure() -> None:
    failed = [FailedAttempt("cloud", "queue_full"), FailedAttempt("fast", "refused")]
    error = exhaustion(TRIED, failed, ANYBODY, status=500, dialect="messages")
    assert not isinstance(error, Overloaded)
    assert error.status == 500


@pytest.mark.parametrize(("seconds", "told"), [(0.01, 1), (1.0, 1), (1.2, 2), (29.5, 30), (300.0, 30)])
def test_who_may_come_back_is_told_when(seconds: float, told: int) -> None:
    plan = Plan("chat", (), (Candidate("fast", None, "its breaker is open"),), tried_again_in=seconds)
    assert exhaustion(plan, [], ANYBODY, status=503).retry_after == told
