"""anvil-serving: a quality-gated router for local models."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.8.0"
