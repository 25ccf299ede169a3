"""The commands: they parse and render, and leave the work to the rooms below."""

from __future__ import annotations

from anvil_serving.cli.app import main

__all__ = ["main"]
