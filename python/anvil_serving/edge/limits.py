"""What a caller may take of the router: bytes and seconds."""

from __future__ import annotations

import msgspec

__all__ = ["Limits"]


class Limits(msgspec.Struct, frozen=True):
    """The limits of one exchange."""

    max_body_bytes: int
    body_timeout: float
    """Seconds between two pieces of a body."""
    send_timeout: float = 300.0
    """Seconds for which a client may leave an answer unread before its connection is broken."""
    heartbeat_after: float | None = 60.0
    """Seconds that the client of a stream waits without a sign of life; None: however long it takes."""
    heartbeat_every: float = 15.0
    """Seconds between two signs of life."""
