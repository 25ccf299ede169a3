"""The caller's side of an exchange, as the router sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping, Sequence

    from anvil_serving.router.caller import Caller
    from anvil_serving.router.plan import Head
    from anvil_serving.upstream import Arrival, Opening

__all__ = ["Client"]


class Client(Protocol):
    """The caller's side of an exchange, as the router sees it."""

    request_id: str
    answer_id: str
    """Unique among all answers of all workers; ids within the answer are made of it."""
    caller: Caller
    has_left: bool
    """Whether the caller has closed its connection."""

    @property
    def request_headers(self) -> Mapping[bytes, bytes]:
        """All headers of the request."""

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        """Headers that go on to a tier."""

    def announce(self, decision: str, intent: str, work_class: str) -> None:
        """Is told what was decided, which every answer says from now on, an error's too."""

    def expect(self, opening: Opening) -> None:
        """Is told that a stream will come: a caller that waits for it may be given signs of life from `opening`."""

    async def start(self, head: Head) -> None:
        """Sends the head of a good answer, if none was needed before. From here on no other tier can answer."""

    async def send(self, data: bytes, *, last: bool) -> None:
        """Sends part of the answer; waits while the client does not read."""

    async def abort(self, data: bytes) -> None:
        """Sends the last bytes of an answer that broke off, then breaks the connection."""

    def wait(self, arrival: asyncio.Future[Arrival | None]) -> asyncio.Future[Arrival | None]:
        """The future of what a tier sends next, which comes to None when the client leaves, before or meanwhile."""
