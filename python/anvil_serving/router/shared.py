"""What all workers of a router share: made by their parent, handed to each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from anvil_serving.router.breaker import ROW_WIDTH
from anvil_serving.router.rate import RATE_WIDTH
from anvil_serving.state import Board

if TYPE_CHECKING:
    from collections.abc import Callable

    from anvil_serving import config

__all__ = ["Shared"]


class Shared(msgspec.Struct, frozen=True):
    """What the workers share, and how many they are."""

    breakers: Board
    """A row for each replica, in the order of the configuration."""
    rates: Board
    """A row for each client, in the order of the configuration."""
    workers: int = 1

    @classmethod
    def alone(cls, settings: config.Router, *, clients: int = 0) -> Shared:
        """For a worker that shares with nobody."""
        return cls._made(Board.alone, settings, clients, 1)

    @classmethod
    def among(cls, settings: config.Router, workers: int, *, clients: int = 0) -> Shared:
        """For so many workers; the parent closes it. Raises `OSError` when there is no place for small files."""
        return cls._made(Board.alone if workers == 1 else Board.shared, settings, clients, workers)

    @classmethod
    def _made(cls, board: Callable[[int, int], Board], settings: config.Router, clients: int, workers: int) -> Shared:
        return cls(board(_replicas(settings), ROW_WIDTH), board(clients, RATE_WIDTH), workers)

    def close(self) -> None:
        """Takes away what lies on the disk; workers that still run go on."""
        self.breakers.close()
        self.rates.close()


def _replicas(settings: config.Router) -> int:
    return sum(len(tier.urls) for tier in settings.tiers)
