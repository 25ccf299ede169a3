from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anvil_serving.router.admission import Admission
from anvil_serving.upstream import AbandonedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def _admission(places: int | None = 1, *, queue_length: int = 100, queue_seconds: float = 60.0) -> Admission:
    return Admission(places, queue_length=queue_length, queue_seconds=queue_seconds)


class Caller:
    """Somebody who wants a place, and may leave while waiting for it."""

    def __init__(self, admission: Admission, number: int, entered: list[int]) -> None:
        self.number = number
        self.ticket: asyncio.Future[Any] | None = None
        self._admission = admission
        self._entered = entered
        self.task = asyncio.create_task(self._enter())

    async def _enter(self) -> str | None:
        why_not = await self._admission.enter(self._wait)
        if why_not is None:
            self._entered.append(self.number)
        return why_not

    def _wait(self, ticket: asyncio.Future[Any]) -> asyncio.Future[Any]:
        self.ticket = ticket
        return ticket

    @property
    def is_in(self) -> bool:
        return (
            self.task.done() and not self.task.cancelled() and self.task.exception() is None and not self.task.result()
        )

    def walk_away(self) -> None:
        """What the edge does when its client leaves."""
        if self.ticket is not None and not self.ticket.done():
            self.ticket.set_result(None)


async def _settle() -> None:
    for _ in range(4):
        await asyncio.sleep(0)


def _run(main: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(main())  # type: ignore[arg-type]


def test_there_are_as_many_places_as_there_are() -> None:
    async def main() -> None:
        admission, entered = _admission(2), list[int]()
        callers = [Caller(admission, number, entered) for number in range(5)]
        await _settle()
        assert (entered, admission.taken, admission.waiting) == ([0, 1], 2, 3)
        for left in range(1, 4):
            admission.leave()
            await _settle()
            assert entered == list(range(2 + left))
        admission.leave()
        admission.leave()
        assert (admission.taken, admission.waiting) == (0, 0)
        assert all(caller.is_in for caller in callers)

    _run(main)


def test_where_there_is_no_limit_nobody_waits() -> None:
    async def main() -> None:
        admission, entered = _admission(None, queue_length=0), list[int]()
        for number in range(1_000):
            Caller(admission, number, entered)
        await _settle()
        assert (len(entered), admission.taken) == (1_000, 1_000)

    _run(main)


def test_a_full_queue_takes_nobody() -> None:
    async def main() -> None:
        admission, entered = _admission(1, queue_length=1), list[int]()
        callers = [Caller(admission, number, entered) for number in range(3)]
        await _settle()
        assert callers[2].task.result() == "queue_full"
        assert admission.waiting == 1
        callers[1].walk_away()
        await _settle()
        assert admission.waiting == 0

    _run(main)


def test_who_waits_too_long_waits_no_longer_and_takes_no_place() -> None:
    async def main() -> None:
        admission, entered = _admission(1, queue_seconds=0.01), list[int]()
        callers = [Caller(admission, number, entered) for number in range(2)]
        await asyncio.sleep(0.05)
        assert callers[1].task.result() == "queue_timeout"
        admission.leave()
        assert (admission.taken, admission.waiting) == (0, 0)

    _run(main)


def test_who_walks_away_is_told_apart_from_who_waited_too_long() -> None:
    async def main() -> None:
        admission, entered = _admission(), list[int]()
        callers = [Caller(admission, number, entered) for number in range(2)]
        await _settle()
        callers[1].walk_away()
        await _settle()
        with pytest.raises(AbandonedError):
            callers[1].task.result()
        assert admission.waiting == 0

    _run(main)


def test_a_place_that_is_handed_to_somebody_who_is_cancelled_goes_to_the_next() -> None:
    async def main() -> None:
        admission, entered = _admission(), list[int]()
        callers = [Caller(admission, number, entered) for number in range(3)]
        await _settle()
        admission.leave()
        callers[1].task.cancel()  # in the same turn: the place is its already
        await _settle()
        assert entered == [0, 2]
        admission.leave()
        assert admission.taken == 0

    _run(main)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["come", "come", "come", "leave", "walk_away", "cancel", "settle"]), st.integers(0, 1_000)
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(places=st.integers(1, 3), queue_length=st.integers(0, 6), steps=STEPS)
def test_never_more_than_the_places_first_come_first_served_and_none_is_lost(
    places: int, queue_length: int, steps: list[tuple[str, int]]
) -> None:
    async def main() -> None:
        admission, entered = _admission(places, queue_length=queue_length), list[int]()
        callers: list[Caller] = []
        inside: list[Caller] = []

        async def look() -> None:
            await _settle()
            inside[:] = [caller for caller in callers if caller.is_in and caller.number not in gone]
            assert len(inside) == admission.taken <= places
            assert admission.waiting <= queue_length
            assert not (admission.waiting and admission.taken < places), "somebody waits and there is a place"
            assert entered == sorted(entered), "who came first went first"

        gone: set[int] = set()
        for step, which in steps:
            if step == "come":
                callers.append(Caller(admission, len(callers), entered))
            elif step == "leave" and inside:
                caller = inside.pop(which % len(inside))
                gone.add(caller.number)
                admission.leave()
            elif step in {"walk_away", "cancel"} and callers:
                caller = callers[which % len(callers)]
                if not caller.task.done():
                    caller.walk_away() if step == "walk_away" else caller.task.cancel()
            if step in {"settle", "come"}:
                await look()
        await look()
        while inside:
            gone.add(inside.pop().number)
            admission.leave()
            await look()
        assert (admission.taken, admission.waiting) == (0, 0)
        await asyncio.gather(*(caller.task for caller in callers), return_exceptions=True)

    _run(main)
