from __future__ import annotations

import asyncio

from anvil_serving.edge.watch import TICK_SECONDS, Watch


class _Clock:
    """Writes down when it is looked at."""

    def __init__(self) -> None:
        self.ticks: list[float] = []
        self.seen = asyncio.Event()

    def tick(self, now: float) -> None:
        self.ticks.append(now)
        self.seen.set()


class _Leaver(_Clock):
    """Leaves when it is looked at, and takes another along."""

    def __init__(self, watch: Watch, *others: _Clock) -> None:
        super().__init__()
        self._watch = watch
        self._others = others

    def tick(self, now: float) -> None:
        super().tick(now)
        for watched in (self, *self._others):
            self._watch.discard(watched)


def test_what_is_watched_is_looked_at_several_times_a_second() -> None:
    async def main() -> list[float]:
        watch, clock = Watch(), _Clock()
        watch.add(clock)
        for _ in range(3):
            clock.seen.clear()
            await asyncio.wait_for(clock.seen.wait(), 2.0)
        watch.close()
        return clock.ticks

    ticks = asyncio.run(main())
    assert ticks == sorted(ticks)
    assert TICK_SECONDS <= 0.05, "a client that leaves is to be noticed within 100 ms"


def test_what_is_discarded_is_looked_at_no_more() -> None:
    async def main() -> tuple[int, int]:
        watch, clock, other = Watch(), _Clock(), _Clock()
        watch.add(clock)
        watch.add(other)
        await asyncio.wait_for(clock.seen.wait(), 2.0)
        watch.discard(clock)
        before = len(clock.ticks)
        other.seen.clear()
        await asyncio.wait_for(other.seen.wait(), 2.0)
        watch.close()
        return before, len(clock.ticks)

    before, after = asyncio.run(main())
    assert before == after


def test_what_was_never_watched_can_be_discarded() -> None:
    async def main() -> int:
        watch = Watch()
        watch.discard(_Clock())
        return len(watch)

    assert asyncio.run(main()) == 0


def test_a_tick_may_discard_itself_and_others() -> None:
    async def main() -> int:
        watch, other = Watch(), _Clock()
        leaver = _Leaver(watch, other)
        watch.add(leaver)
        watch.add(other)
        await asyncio.wait_for(leaver.seen.wait(), 2.0)
        await asyncio.sleep(3 * TICK_SECONDS)
        return len(watch)

    assert asyncio.run(main()) == 0


def test_the_timer_rests_while_there_is_nothing_to_watch_and_starts_again() -> None:
    async def main() -> None:
        watch = Watch()
        for _ in range(2):
            clock = _Clock()
            watch.add(clock)
            await asyncio.wait_for(clock.seen.wait(), 2.0)
            watch.discard(clock)
            # The last tick finds nobody and sets no other.
            await asyncio.sleep(3 * TICK_SECONDS)
            assert watch._timer is None
        assert watch.running() == ()

    asyncio.run(main())


def test_one_that_fails_does_not_keep_the_others_from_being_looked_at() -> None:
    class Failing(_Clock):
        def tick(self, now: float) -> None:
            super().tick(now)
            raise RuntimeError("a defect")

    async def main() -> bool:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        watch = Watch()
        clocks: list[_Clock] = [Failing(), *(_Clock() for _ in range(8))]
        for clock in clocks:
            watch.add(clock)
        await asyncio.sleep(5 * TICK_SECONDS)
        watch.close()
        return all(clock.ticks for clock in clocks)

    assert asyncio.run(main())


def test_a_closed_watch_looks_at_nobody() -> None:
    async def main() -> list[float]:
        watch, clock = Watch(), _Clock()
        watch.add(clock)
        watch.close()
        await asyncio.sleep(3 * TICK_SECONDS)
        return clock.ticks

    assert asyncio.run(main()) == []
