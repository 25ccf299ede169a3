from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving import config
from anvil_serving.errors import RateLimited
from anvil_serving.router.caller import ANYBODY, Caller
from anvil_serving.router.rate import RATE_WIDTH, RateLimits
from anvil_serving.state import Board

KIM, ROBIN = Caller("kim"), Caller("robin")


class _World:
    def __init__(self, kim: int | None, robin: int | None = None, board: Board | None = None) -> None:
        clients = [
            config.Client(name=name, auth_env="TOKEN", requests_per_minute=limit)
            for name, limit in (("kim", kim), ("robin", robin))
        ]
        self.now = 5_000.0
        self.board = board or Board.alone(len(clients), RATE_WIDTH)
        self.limits = RateLimits(clients, self.board, clock=lambda: self.now)

    def taken(self, tries: int, caller: Caller = KIM) -> int:
        """How many of so many requests at once are let in."""
        return sum(self.is_let_in(caller) for _ in range(tries))

    def is_let_in(self, caller: Caller = KIM) -> bool:
        try:
            self.limits.take(caller)
        except RateLimited:
            return False
        return True


def test_without_a_limit_nobody_is_counted() -> None:
    world = _World(None, 1)
    assert world.taken(1_000) == 1_000
    assert world.taken(1_000, ANYBODY) == 1_000
    assert list(world.board.row(0)) == [0.0]


@pytest.mark.parametrize("per_minute", [1, 7, 60, 600])
def test_as_many_as_a_minutes_may_come_at_once_then_one_at_a_time(per_minute: int) -> None:
    world = _World(per_minute)
    assert world.taken(per_minute + 5) == per_minute
    interval = 60 / per_minute
    for _ in range(5):
        world.now += interval
        assert world.taken(3) == 1
    world.now += interval * 0.9
    assert world.taken(1) == 0
    world.now += 120.0
    assert world.taken(per_minute + 5) == per_minute


def test_clients_have_limits_of_their_own() -> None:
    world = _World(2, 3)
    assert (world.taken(5), world.taken(5, ROBIN)) == (2, 3)


@pytest.mark.parametrize(("per_minute", "retry_after"), [(1, 59), (2, 30), (60, 1), (600, 1)])
def test_the_one_too_many_is_told_when_to_come_again(per_minute: int, retry_after: int) -> None:
    world = _World(per_minute)
    world.taken(per_minute)
    with pytest.raises(RateLimited, match=f"client kim may send {per_minute} requests a minute") as refused:
        world.limits.take(KIM)
    assert (refused.value.status, refused.value.kind, refused.value.retry_after) == (429, "rate_limited", retry_after)
    world.now += retry_after + 1
    assert world.is_let_in()


def test_who_is_refused_does_not_wait_longer_for_it() -> None:
    world = _World(60)
    world.taken(60)
    assert world.taken(1_000) == 0
    world.now += 1.0
    assert world.taken(2) == 1


@given(st.integers(1, 50), st.lists(st.tuples(st.floats(0, 30), st.integers(1, 20)), max_size=40))
def test_no_span_of_time_has_more_than_a_minutes_and_its_own_share(
    per_minute: int, bursts: list[tuple[float, int]]
) -> None:
    world = _World(per_minute)
    let_in: list[float] = []
    for pause, tries in bursts:
        world.now += pause
        let_in += [world.now] * world.taken(tries)
    for first, begun in enumerate(let_in):
        for last in range(first, len(let_in)):
            assert last - first + 1 <= per_minute * (1 + (let_in[last] - begun) / 60) + 1e-3


def test_workers_share_a_clients_limit() -> None:
    board = Board.shared(2, RATE_WIDTH)
    try:
        world = _World(10, board=board)
        assert world.taken(6) == 6
        child = os.fork()
        if child == 0:
            os._exit(_World(10, board=board).taken(20))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 4
        assert world.taken(5) == 0
    finally:
        board.close()
