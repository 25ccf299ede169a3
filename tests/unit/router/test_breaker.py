from __future__ import annotations

import timeit
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from anvil_serving.router.breaker import ROW_WIDTH, Breaker, BreakerLimits, Pass
from anvil_serving.state import Board

LIMITS = BreakerLimits(failures=5, window=30.0, first_wait=2.0, longest_wait=30.0)
START = 1_000.0


def _breaker(limits: BreakerLimits = LIMITS, chance: float = 1.0) -> Breaker:
    board = Board.alone(1, ROW_WIDTH)
    return Breaker(board.row(0), board.lock(0), limits, lambda: chance)


def _passed(breaker: Breaker, now: float) -> Pass:
    passed = breaker.enter(now)
    assert passed is not None
    return passed


def _fail(breaker: Breaker, now: float, times: int = 1) -> float | None:
    waits = [breaker.failed(_passed(breaker, now), now) for _ in range(times)]
    return waits[-1]


def _opened(now: float = START, **more: Any) -> Breaker:
    breaker = _breaker(**more)
    assert _fail(breaker, now, 5) is not None
    return breaker


# ── opening ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_opens_at_the_failure_that_is_one_too_many() -> None:
    breaker = _breaker()
    assert _fail(breaker, START, 4) is None
    assert breaker.wait(START) == 0.0
    assert _fail(breaker, START) == 2.0
    assert breaker.wait(START) == 2.0
    assert breaker.enter(START + 1.9) is None
    assert breaker.why_closed(START) == "its breaker is open: 5 failures in 30 s, tried again in 2 s"


def test_failures_that_are_long_ago_do_not_count() -> None:
    breaker = _breaker()
    for number in range(20):
        assert _fail(breaker, START + 8.0 * number) is None
    assert breaker.wait(START + 160.0) == 0.0


def test_failures_among_as_many_answers_do_not_open_it() -> None:
    breaker = _breaker()
    for number in range(40):
        now = START + number / 10
        breaker.answered(_passed(breaker, now), now)
        breaker.answered(_passed(breaker, now), now)
        assert _fail(breaker, now) is None, "two of three were well"
    more = next(number for number in range(1, 20) if _fail(breaker, START + 5.0) is not None)
    assert more == 4, "now half of the last twenty were not"


def test_one_failure_is_enough_where_one_is_said_to_be() -> None:
    assert _fail(_breaker(BreakerLimits(failures=1)), START) is not None


# ── probes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_may_try_when_the_wait_is_over_and_its_answer_closes_it() -> None:
    breaker = _opened()
    probe = _passed(breaker, START + 2.0)
    assert probe.probe is not None
    assert breaker.enter(START + 2.0) is None
    assert breaker.wait(START + 2.0) == 2.0
    assert breaker.why_closed(START + 3.0) == "its breaker is open: one request is trying it now"
    assert breaker.answered(probe, START + 3.0) is True
    assert breaker.enter(START + 3.0) == Pass()
    assert _fail(breaker, START + 3.0, 4) is None, "what was before counts no more"


def test_a_probe_that_fails_doubles_the_wait_up_to_a_limit() -> None:
    breaker, now, waits = _opened(), START, []
    for _ in range(7):
        now += breaker.wait(now)
        waits.append(breaker.failed(_passed(breaker, now), now))
    assert waits == [4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0]


@given(chance=st.floats(0.0, 1.0), openings=st.integers(1, 100))
def test_a_wait_is_between_half_and_all_of_what_it_would_be_without_chance(chance: float, openings: int) -> None:
    breaker, now = _opened(chance=chance), START
    for opening in range(1, openings):
        now += breaker.wait(now)
        wait = breaker.failed(_passed(breaker, now), now)
        full = min(30.0, 2.0 * 2.0 ** min(opening, 30))
        assert wait is not None
        assert full / 2 <= wait <= full


def test_a_probe_whose_answer_has_begun_lets_others_in_on_trial() -> None:
    breaker = _opened()
    probe = _passed(breaker, START + 2.0)
    breaker.began(probe)
    assert breaker.enter(START + 2.0) == Pass()
    assert breaker.failed(Pass(), START + 2.1) == 4.0, "on trial one failure is enough"


def test_a_trial_ends_with_a_whole_answer() -> None:
    breaker = _opened()
    probe = _passed(breaker, START + 2.0)
    breaker.began(probe)
    assert breaker.answered(probe, START + 3.0) is True
    assert breaker.failed(Pass(), START + 3.1) is None
    assert breaker.answered(Pass(), START + 3.2) is False, "it was well already"


def test_what_was_asked_before_it_opened_says_nothing() -> None:
    breaker = _opened()
    assert breaker.failed(Pass(), START + 1.0) is None
    assert breaker.answered(Pass(), START + 1.0) is False
    assert breaker.wait(START + 1.0) == 1.0


def test_a_probe_that_taught_nothing_makes_room_for_the_next() -> None:
    breaker = _opened()
    breaker.give_back(_passed(breaker, START + 2.0), START + 2.5)
    assert _passed(breaker, START + 2.5).probe is not None


def test_a_probe_that_never_comes_back_keeps_others_out_for_a_minute() -> None:
    breaker = _opened()
    lost = _passed(breaker, START + 2.0)
    assert breaker.enter(START + 61.9) is None
    later = _passed(breaker, START + 62.0)
    assert breaker.failed(lost, START + 63.0) is None, "it was given up"
    assert breaker.enter(START + 63.0) is None, "the later one is still on its way"
    breaker.give_back(lost, START + 63.0)
    assert breaker.enter(START + 63.0) is None
    assert breaker.answered(lost, START + 64.0) is True, "a whole answer is one, however late"
    breaker.give_back(later, START + 65.0)
    assert breaker.enter(START + 65.0) == Pass()


# ── what opens nothing ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_server_without_room_is_left_alone_and_not_broken() -> None:
    breaker = _breaker()
    for _ in range(10):
        breaker.rest(Pass(), START, 7.0)
    assert breaker.wait(START + 2.0) == 5.0
    assert breaker.enter(START + 6.9) is None
    assert breaker.why_closed(START) == "its server has no room and asked to be left alone: tried again in 7 s"
    assert breaker.enter(START + 7.0) == Pass()


def test_a_shorter_rest_does_not_end_a_longer_one() -> None:
    breaker = _breaker()
    breaker.rest(Pass(), START, 20.0)
    breaker.rest(Pass(), START, 1.0)
    assert breaker.wait(START) == 20.0


def test_a_probe_that_finds_no_room_is_made_again_after_the_rest() -> None:
    breaker = _opened()
    breaker.rest(_passed(breaker, START + 2.0), START + 2.0, 5.0)
    assert breaker.enter(START + 6.0) is None
    assert _passed(breaker, START + 7.0).probe is not None


def test_a_refused_key_is_news_once_until_it_works() -> None:
    breaker = _breaker()
    assert breaker.refused(START, 300.0) is True
    assert breaker.refused(START, 300.0) is False
    assert breaker.why_closed(START) == "its server refuses the router's key: tried again in 300 s"
    probe = _passed(breaker, START + 300.0)
    assert breaker.refused(START + 300.0, 300.0) is False
    breaker.give_back(probe, START + 300.0)
    assert breaker.wait(START + 300.0) == 300.0
    assert breaker.answered(_passed(breaker, START + 600.0), START + 600.0) is True
    assert breaker.refused(START + 700.0, 300.0) is True


def test_an_address_that_can_be_reached_again_is_due_at_once() -> None:
    breaker = _opened()
    breaker.recovered(START + 0.1)
    assert _passed(breaker, START + 0.1).probe is not None


def test_that_it_can_be_reached_changes_nothing_about_a_refused_key_or_a_rest() -> None:
    breaker = _breaker()
    breaker.refused(START, 300.0)
    breaker.recovered(START)
    assert breaker.wait(START) == 300.0
    resting = _breaker()
    resting.rest(Pass(), START, 9.0)
    resting.recovered(START)
    assert resting.wait(START) == 9.0


# ── two workers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_breakers_of_one_row_are_one_breaker() -> None:
    board = Board.alone(1, ROW_WIDTH)
    one, other = (Breaker(board.row(0), board.lock(0), LIMITS, lambda: 1.0) for _ in range(2))
    _fail(one, START, 3)
    assert _fail(other, START, 2) == 2.0
    assert one.enter(START) is None
    assert one.enter(START + 2.0) is not None
    assert other.enter(START + 2.0) is None


def test_to_look_costs_less_than_two_microseconds() -> None:
    board = Board.shared(1, ROW_WIDTH)
    breaker = Breaker(board.row(0), board.lock(0), LIMITS, lambda: 1.0)
    try:
        seconds = min(timeit.repeat(lambda: breaker.wait(START), number=2_000, repeat=20)) / 2_000
    finally:
        board.close()
    assert seconds < 2e-6


class Machine(RuleBasedStateMachine):
    """Whatever two workers do with one address, in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        board = Board.alone(1, ROW_WIDTH)
        self.breakers = [Breaker(board.row(0), board.lock(0), LIMITS, lambda: 0.5) for _ in range(2)]
        self.row = board.row(0)
        self.now = START
        self.ordinary: list[Pass] = []
        self.probes: list[tuple[float, Pass]] = []

    @rule(seconds=st.floats(0.0, 20.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(worker=st.integers(0, 1))
    def somebody_comes(self, worker: int) -> None:
        was_free = self.breakers[worker].wait(self.now) == 0.0
        passed = self.breakers[worker].enter(self.now)
        assert was_free == (passed is not None), "who looks first learns what who enters does"
        if passed is not None and passed.probe is None:
            self.ordinary.append(passed)
        elif passed is not None:
            under_way = [probe for since, probe in self.probes if self.now - since < 60.0]
            assert not under_way, "there is one probe at a time"
            self.probes.append((self.now, passed))

    @rule(worker=st.integers(0, 1), end=st.sampled_from(["answered", "failed", "give_back", "rest"]), data=st.data())
    def an_attempt_ends(self, worker: int, end: str, data: st.DataObject) -> None:
        everybody = [*self.ordinary, *(probe for _, probe in self.probes)]
        if not everybody:
            return
        passed = data.draw(st.sampled_from(everybody))
        if passed.probe is None:
            self.ordinary.remove(passed)
        else:
            self.probes = [each for each in self.probes if each[1] != passed]
        breaker = self.breakers[worker]
        if end == "answered":
            breaker.began(passed)
            breaker.answered(passed, self.now)
            if passed.probe is not None:
                assert self.row[0] == 0.0
        elif end == "failed":
            breaker.failed(passed, self.now)
        elif end == "rest":
            breaker.rest(passed, self.now, 3.0)
        else:
            breaker.give_back(passed, self.now)

    @rule()
    def it_can_be_reached(self) -> None:
        self.breakers[0].recovered(self.now)

    @invariant()
    def nobody_waits_longer_than_the_longest_wait(self) -> None:
        wait = self.breakers[0].wait(self.now)
        assert 0.0 <= wait <= 30.0
        assert (wait == 0.0) == (self.breakers[1].why_closed(self.now) is None)


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("openings", [31, 500])
def test_no_number_of_openings_is_too_large(openings: int) -> None:
    breaker, now = _opened(), START
    for _ in range(openings):
        now += breaker.wait(now)
        assert breaker.failed(_passed(breaker, now), now) is not None
    assert breaker.wait(now) == 30.0
