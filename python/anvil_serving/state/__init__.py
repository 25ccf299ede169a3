"""What the workers of one machine share."""

from __future__ import annotations

from anvil_serving.state.board import Board, Lock, Row

__all__ = ["Board", "Lock", "Row"]
