"""Which of the caller's headers a tier is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anvil_serving.router.client import Client

__all__ = ["headers_for"]

_ANTHROPIC_VERSION = (b"anthropic-version", b"2023-06-01")
"""Said to a Messages tier when the caller says none: Anthropic refuses a request without it."""


def headers_for(dialect: str, client: Client) -> Sequence[tuple[bytes, bytes]]:
    """The caller's headers that a tier of this dialect is sent."""
    if dialect == "messages":
        said_version = any(name == _ANTHROPIC_VERSION[0] for name, _ in client.headers)
        return client.headers if said_version else [*client.headers, _ANTHROPIC_VERSION]
    return [header for header in client.headers if not header[0].startswith(b"anthropic-")]
