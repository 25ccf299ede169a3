"""What all workers of a router share: made by their parent, handed to each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from anvil_serving.router.breaker import ROW_WIDTH
from anvil_serving.state import Board

if TYPE_CHECKING:
    from anvil_serving import config

__all__ = ["Shared"]


class Shared(msgspec.Struct, frozen=True):
    """What the workers share, and how many they are."""

    breakers: Board
    """A row for each replica, in the order of the configuration."""
    workers: int = 1

    @classmethod
    def alone(cls, settings: config.Router) -> Shared:
        """For a worker that shares with nobody."""
        return cls(Board.alone(_replicas(settings), ROW_WIDTH))

    @classmethod
    def among(cls, settings: config.Router, workers: int) -> Shared:
        """For so many workers; the parent closes it. Raises `OSError` when there is no place for a small file."""
        return cls.alone(settings) if workers == 1 else cls(Board.shared(_replicas(settings), ROW_WIDTH), workers)

    def close(self) -> None:
        """Takes away what lies on the disk; workers that still run go on."""
        self.breakers.close()


def _replicas(settings: config.Router) -> int:
    return sum(len(tier.urls) for tier in settings.tiers)
