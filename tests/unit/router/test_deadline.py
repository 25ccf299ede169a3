from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from anvil_serving.router.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def _waits(arrival: asyncio.Future[Any]) -> asyncio.Future[Any]:
    return arrival


def _run(main: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(main())  # type: ignore[arg-type]


def test_it_ends_what_is_waited_for() -> None:
    async def main() -> None:
        deadline = Deadline(_waits, 0.01)
        assert await deadline.wait(asyncio.get_running_loop().create_future()) is None
        assert deadline.has_passed

    _run(main)


def test_once_it_has_passed_nothing_is_waited_for() -> None:
    async def main() -> None:
        deadline = Deadline(_waits, 0.01)
        await asyncio.sleep(0.03)
        assert await deadline.wait(asyncio.get_running_loop().create_future()) is None

    _run(main)


def test_what_arrives_in_time_arrives() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        deadline = Deadline(_waits, 0.05)
        arrival: asyncio.Future[Any] = loop.create_future()
        loop.call_later(0.005, arrival.set_result, (1, b"here", None))
        assert await deadline.wait(arrival) == (1, b"here", None)
        deadline.lift()
        await asyncio.sleep(0.08)
        assert not deadline.has_passed

    _run(main)


def test_where_it_passes_as_the_answer_comes_the_answer_is_not_ended() -> None:
    async def main() -> None:
        deadline = Deadline(_waits, 0.01)
        await asyncio.sleep(0.03)
        assert deadline.has_passed
        deadline.lift()
        arrival: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        waiting = deadline.wait(arrival)
        arrival.set_result((1, b"more", None))
        assert await waiting == (1, b"more", None)

    _run(main)


def test_without_a_limit_there_is_all_the_time() -> None:
    async def main() -> None:
        deadline = Deadline(_waits, None)
        arrival: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        done, _ = await asyncio.wait([deadline.wait(arrival)], timeout=0.02)  # type: ignore[list-item]
        assert not done
        deadline.lift()

    _run(main)
