"""What this model, as served here, can do: a verdict for every tier and kind of work."""

from __future__ import annotations

from .cell import Cell, Verdict
from .profile import Profile
from .structural import StructuralLedger, Structure

__all__ = ["Cell", "Profile", "StructuralLedger", "Structure", "Verdict"]
