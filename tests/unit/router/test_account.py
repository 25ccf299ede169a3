from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest
from tests.fakes.policies import World, tier

from anvil_serving import config
from anvil_serving.decisions import Decision, Price, PriceList
from anvil_serving.errors import ContextOverflow, Exhausted, TierRefused
from anvil_serving.router.account import Account, Ledger
from anvil_serving.router.caller import Caller
from anvil_serving.router.classify import Classification
from anvil_serving.router.decide import Decided, Work
from anvil_serving.router.dimensions import NOTHING_NARROWED, Dimensions
from anvil_serving.router.fallback import FailedAttempt
from anvil_serving.router.needs import Needs
from anvil_serving.upstream import Request, Tiers

if TYPE_CHECKING:
    from anvil_serving.router.plan import PlannedAttempt
    from anvil_serving.upstream import Outcome

FREE, DEAR = Price(0.0, 0.0, 0.0, 0.0), Price(2.0, 10.0, 0.5, 4.0)
PRICES = PriceList("2026-11-20", "here", {})
LEDGER = Ledger("1/2026", "gated", {"fast": FREE, "cloud": DEAR, "unpriced": None}, PRICES)
TIERS = [tier("fast", replicas=("http://127.0.0.1:10/v1",)), tier("cloud", privacy="cloud"), tier("unpriced")]
WORLD = World(*TIERS, presets={"chat": ("fast", "cloud", "unpriced")}, metered_cloud=("chat",))
BODY = {
    "model": "chat",
    "stream": True,
    "max_tokens": 500,
    "messages": [{"role": "user", "content": "a secret of mine"}],
}


@dataclass
class _Ended:
    failure: str | None = None
    status: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    is_checked: bool = False
    connect_seconds: float | None = 0.01
    first_byte_seconds: float | None = 0.5
    total_seconds: float | None = 2.0
    finish: str | None = None
    tool_calls: list[str] = field(default_factory=list)
    release_seconds: float | None = None
    mean_logprob: float | None = None
    noted: str | None = None
    repairs: list[str] = field(default_factory=list)


WELL = _Ended(input_tokens=1_000, output_tokens=100, finish="stop", tool_calls=["call_1"])
REFUSED = _Ended("status", 500)


def _outcome(ended: _Ended) -> Outcome:
    return cast("Outcome", ended)


def _account(
    *, narrowed: Dimensions = NOTHING_NARROWED, body: Any = None, ledger: Ledger = LEDGER, **more: Any
) -> Account:
    request = Request.decode("chat", json.dumps(BODY if body is None else body).encode())
    decided = Decided(
        WORLD.policy.plan(WORLD.question()),
        request.facts,
        WORLD.intent("chat"),
        Work("chat", "preset"),
        Needs(),
        narrowed,
        Caller("ci"),
        None,
        (None, None, 0),
        0.00002,
    )
    decided = msgspec.structs.replace(decided, **more)
    return Account(ledger, decided, request, answer_id="0001", request_id="req_1")


def _planned(account: Account, tier_id: str) -> PlannedAttempt:
    return next(planned for planned in account.plan.attempts if planned.tier_id == tier_id)


def _answered(tier_id: str = "fast", ended: _Ended = WELL) -> Decision:
    account = _account()
    account.started(())
    account.answered(_planned(account, tier_id), _outcome(ended))
    return account.closed()


# ── how it ends ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_whole_answer_is_answered() -> None:
    decision = _answered()
    assert (decision.result, decision.status, decision.error, decision.tier) == ("answered", 200, None, "fast")
    assert (decision.finish, decision.tool_calls) == ("stop", ("call_1",))
    (attempt,) = decision.attempts
    assert (attempt.tier, attempt.model, attempt.outcome, attempt.privacy) == ("fast", "m", "answered", "local")
    assert (attempt.input_tokens, attempt.output_tokens) == (1_000, 100)
    assert (attempt.connect_seconds, attempt.first_byte_seconds, attempt.total_seconds) == (0.01, 0.5, 2.0)
    assert decision.first_byte_seconds is not None
    assert 0 <= decision.first_byte_seconds <= decision.total_seconds


def test_that_the_connection_breaks_after_a_whole_answer_changes_nothing() -> None:
    account = _account()
    account.answered(_planned(account, "fast"), _outcome(WELL))
    account.failed(RuntimeError("the connection"))
    assert account.closed().result == "answered"


@pytest.mark.parametrize(
    ("error", "status"),
    [(TierRefused("no", status=422, kind="invalid_request"), 422), (ContextOverflow("too long"), 400)],
)
def test_the_callers_error_is_refused(error: Any, status: int) -> None:
    account = _account()
    account.made(_planned(account, "fast"), _outcome(_Ended("status", status)))
    account.failed(error)
    decision = account.closed()
    assert (decision.result, decision.status, decision.error) == ("refused", status, type(error).__name__)
    assert decision.tier is None
    assert [(attempt.outcome, attempt.status) for attempt in decision.attempts] == [("status", status)]


def test_the_waits_for_places_are_those_of_the_attempts_and_their_sum() -> None:
    account = _account()
    first, second, third = account.plan.attempts[:3]
    account.queued(0.25)
    account.not_made(first, FailedAttempt("fast", "queue_timeout"))
    account.made(second, _outcome(_Ended("refused")))
    account.queued(0.5)
    account.made(third, _outcome(REFUSED))
    decision = account.closed()
    assert [attempt.queue_seconds for attempt in decision.attempts] == [0.25, None, 0.5]
    assert decision.queue_seconds == 0.75
    assert _answered().queue_seconds is None


def test_an_attempt_that_is_given_up_says_why() -> None:
    account = _account()
    account.abandoned(account.plan.attempts[0], "deadline")
    account.failed(Exhausted("no time left"))
    decision = account.closed()
    assert decision.result == "exhausted"
    assert [attempt.outcome for attempt in decision.attempts] == ["deadline"]


def test_when_all_have_failed_it_is_exhausted() -> None:
    account = _account()
    first, second, third = account.plan.attempts[:3]
    account.not_made(first, FailedAttempt("fast", "model_unknown"))
    account.made(second, _outcome(_Ended("refused")))
    account.made(third, _outcome(REFUSED))
    account.failed(Exhausted("nobody", status=529))
    decision = account.closed()
    assert (decision.result, decision.status, decision.error) == ("exhausted", 529, "Exhausted")
    assert [(attempt.tier, attempt.replica, attempt.outcome) for attempt in decision.attempts] == [
        ("fast", first.replica.index, "model_unknown"),
        ("fast", second.replica.index, "refused"),
        ("cloud", 0, "status"),
    ]
    assert {first.replica.index, second.replica.index} == {0, 1}
    assert decision.attempts[0].privacy == "local"
    assert decision.first_byte_seconds is None


def test_an_answer_that_stops_is_broken_off() -> None:
    account = _account()
    account.started(())
    account.broke_off(_planned(account, "cloud"), _outcome(_Ended("stream_cut", input_tokens=10)))
    # What comes of it afterwards says no more.
    account.failed(asyncio.CancelledError())
    decision = account.closed()
    assert (decision.result, decision.status, decision.error, decision.tier) == (
        "broken_off",
        200,
        "stream_cut",
        "cloud",
    )
    assert decision.finish is None


def test_whoever_waits_for_nothing_more_has_left() -> None:
    account = _account()
    account.started(())
    decision = account.closed()
    assert (decision.result, decision.status, decision.error, decision.tier) == ("client_left", None, None, None)
    assert decision.attempts == ()


def test_whatever_else_ends_it_has_failed() -> None:
    account = _account()
    account.failed(KeyError("x"))
    decision = account.closed()
    assert (decision.result, decision.status, decision.error) == ("failed", 500, "KeyError")


@pytest.mark.parametrize(("has_started", "told"), [(False, ("exhausted", 503)), (True, ("broken_off", 200))])
def test_a_router_that_is_told_to_end_is_no_defect(has_started: bool, told: tuple[str, int]) -> None:
    account = _account()
    if has_started:
        account.started(())
    account.failed(asyncio.CancelledError())
    decision = account.closed()
    assert ((decision.result, decision.status), decision.error) == (told, "ShuttingDown")


@pytest.mark.parametrize(("tier_id", "usd"), [("fast", 0.0), ("cloud", None)])
def test_what_somebody_left_behind_may_still_bill(tier_id: str, usd: float | None) -> None:
    account = _account()
    account.abandoned(_planned(account, tier_id))
    decision = account.closed()
    assert [(each.tier, each.outcome, each.cost_usd) for each in decision.attempts] == [(tier_id, "client_left", usd)]
    assert (decision.result, decision.cost_usd) == ("client_left", usd)


def test_a_calls_id_of_any_length_is_kept_short() -> None:
    account = _account()
    long = "x" * 400_000
    account.answered(_planned(account, "fast"), _outcome(_Ended(tool_calls=[long, *map(str, range(100))])))
    calls = account.closed().tool_calls
    assert len(calls) == 64
    assert len(calls[0]) < 100
    assert calls[0].startswith("sha256:")


def test_a_tiers_price_is_known_with_its_model() -> None:
    settings = config.Router(tiers=(tier("cloud", privacy="cloud", model=None),))
    ledger = Ledger.of(settings, PriceList("2026-01-02", "here", {"claude-x": DEAR}), "c7")
    assert ledger.prices == {"cloud": None}
    (cloud,) = Tiers(settings, {})
    cloud.model = "claude-x"
    ledger.price(cloud)
    assert ledger.prices == {"cloud": DEAR}


# ── money ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_attempt_is_priced_and_all_are_paid() -> None:
    account = _account()
    cloud = _planned(account, "cloud")
    account.made(_planned(account, "fast"), _outcome(_Ended("status", 500)))
    counted = _Ended("stream_cut", input_tokens=1_000, output_tokens=0)
    account.made(cloud, _outcome(counted))
    account.answered(
        cloud, _outcome(_Ended(input_tokens=1_000, output_tokens=100, cached_tokens=400, cache_write_tokens=100))
    )
    decision = account.closed()
    # $0.002, and 500 at $2, 400 at $0.50, 100 at $4 and 100 at $10 for a million.
    assert [attempt.cost_usd for attempt in decision.attempts] == [0.0, pytest.approx(0.002), pytest.approx(0.0026)]
    assert decision.cost_usd == pytest.approx(0.0046)
    assert decision.prices_date == "2026-11-20"


def test_what_was_not_counted_because_nothing_was_answered_is_not_billed() -> None:
    account = _account()
    account.made(_planned(account, "cloud"), _outcome(_Ended("first_byte_timeout")))
    assert account.closed().cost_usd == 0.0


def test_an_answer_that_was_not_counted_has_no_known_price() -> None:
    decision = _answered("cloud", _Ended(finish="stop"))
    assert decision.attempts[0].cost_usd is None
    assert decision.cost_usd is None
    assert _answered("fast", _Ended(finish="stop")).cost_usd == 0.0


def test_one_price_that_is_not_known_makes_the_sum_unknown() -> None:
    account = _account()
    account.made(_planned(account, "unpriced"), _outcome(REFUSED))
    account.answered(_planned(account, "cloud"), _outcome(WELL))
    decision = account.closed()
    assert [attempt.cost_usd for attempt in decision.attempts] == [None, pytest.approx(0.003)]
    assert decision.cost_usd is None


def test_without_an_attempt_nothing_was_spent() -> None:
    assert _account().closed().cost_usd == 0.0


def test_a_ledger_has_a_price_for_every_tier_and_the_labels() -> None:
    settings = config.Router(
        tiers=(
            tier("fast"),
            tier("cloud", privacy="cloud", model="claude-x"),
            tier("odd", privacy="cloud", model="nobody-knows"),
        ),
        mode="direct",
        mapping_version="mine",
    )
    ledger = Ledger.of(settings, PriceList("2026-01-02", "here", {"claude-x": DEAR}), "c7")
    assert ledger.prices == {"fast": FREE, "cloud": DEAR, "odd": None}
    assert (ledger.mapping_version, ledger.mode, ledger.price_list.date) == ("mine/c7", "direct", "2026-01-02")


# ── what else is kept ────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_keeps_who_asked_what_and_what_was_decided() -> None:
    decision = _account().closed()
    assert (decision.id, decision.request_id, decision.client) == ("dec_0001", "req_1", "ci")
    assert (decision.dialect, decision.purpose, decision.model, decision.mode) == ("chat", "chat", "chat", "gated")
    assert (decision.intent, decision.intent_source) == ("chat", "preset")
    assert (decision.work_class, decision.class_source, decision.confidence) == ("chat", "preset", None)
    assert [candidate.tier for candidate in decision.candidates] == ["fast", "cloud", "unpriced"]
    assert (decision.facts.max_output_tokens, decision.facts.messages, decision.facts.stream) == (500, 1, True)
    assert decision.facts.prompt_tokens > 0
    assert decision.policy_seconds == 0.00002
    assert decision.mapping_version == "1/2026"
    assert (decision.features, decision.dimensions, decision.warnings) == ((), {}, ())


def test_it_keeps_no_word_of_the_conversation() -> None:
    assert b"secret" not in msgspec.json.encode(_answered())


def test_it_can_be_read_again() -> None:
    decision = _answered()
    assert msgspec.json.decode(msgspec.json.encode(decision), type=Decision) == decision


def test_a_session_without_a_name_is_called_by_how_it_begins() -> None:
    begins = _account().closed().session
    assert begins is not None
    assert begins.startswith("prefix:")
    assert len(begins) == len("prefix:") + 16
    assert _account(session="mine").closed().session == "mine"


def test_it_keeps_what_spoke_for_the_kind_of_work() -> None:
    inferred = Classification("review", 0.62, (("phrase:review", 1.4),), "chat", is_ambiguous=True)
    decision = _account(work=Work("chat", "inferred", 0.62, inferred)).closed()
    assert [(feature.name, feature.weight) for feature in decision.features] == [("phrase:review", 1.4)]
    assert (decision.confidence, decision.ambiguous_with) == (0.62, "review")


def test_a_models_name_is_kept_up_to_a_length() -> None:
    assert _account(body=BODY | {"model": "m" * 1_000}).closed().model == "m" * 128


def test_calls_that_failed_are_kept_the_latest_of_them() -> None:
    said: list[dict[str, Any]] = []
    for number in range(70):
        call = {"id": f"call_{number}", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        said += [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"call_{number}", "content": "Error: it failed"},
        ]
    account = _account(body=BODY | {"messages": [*BODY["messages"], *said]})  # type: ignore[misc]
    known = account.decided.facts.failed_tool_calls
    kept = account.closed().failed_tool_calls
    assert len(kept) == min(len(known), 64)
    assert list(kept) == known[-64:]


# ── what the caller is warned of ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "narrowed",
    [
        Dimensions(verify="strict"),
        Dimensions(budgets=("team", "project")),
        Dimensions(max_cost_usd=1.0, local_only=True, session="s"),
    ],
)
def test_what_is_asked_for_is_done_and_kept(narrowed: Dimensions) -> None:
    decision = _account(narrowed=narrowed).closed()
    assert decision.warnings == ()
    assert decision.dimensions == narrowed.said


def test_what_the_caller_was_told_at_the_start_is_what_is_kept() -> None:
    account = _account(narrowed=Dimensions(verify="strict"))
    account.started(("top_k: dropped", "seed: dropped"))
    assert account.closed().warnings == ("top_k: dropped", "seed: dropped")
