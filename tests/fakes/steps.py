"""What a script is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Fin", "Pause", "Reset", "Stall", "Step"]


@dataclass(frozen=True)
class Pause:
    """Nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Stall:
    """Nothing until the other side leaves."""


@dataclass(frozen=True)
class Fin:
    """Closes the connection with a FIN."""


@dataclass(frozen=True)
class Reset:
    """Closes the connection with an RST."""


Step: TypeAlias = bytes | Pause | Stall | Fin | Reset
"""Bytes are sent as they are."""
