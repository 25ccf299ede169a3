"""What a person asks of a deployment."""

from __future__ import annotations

from msgspec import Struct

from .memory import CacheKind
from .serving_engine import EngineName

__all__ = ["Order"]


class Order(Struct, frozen=True, kw_only=True):
    """What a person asks for; None is for us to decide."""

    name: str
    """Of the serve, and of its tier."""
    served_name: str
    engine: EngineName | None = None
    host: str = "127.0.0.1"
    port: int = 30_000
    context_tokens: int | None = None
    sequences: int = 1
    cache: CacheKind = "16bit"
    share: float | None = None
    image: str | None = None
    unpinned: bool = False
    """Whether an image may be one that moves."""
    no_thinking: bool = False
    """Whether the server itself turns thinking off, for callers who send nothing."""
    wsl: bool = False
    """Whether this machine is a Linux in Windows (WSL2)."""
