"""The commands: they parse and render, and leave the work to the rooms below."""

from __future__ import annotations

import sys
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """The console script. Ctrl-C ends it alike while the commands are still loaded and put together."""
    try:
        from .app import main as run  # noqa: PLC0415 - within what Ctrl-C may interrupt

        run()
    except KeyboardInterrupt:
        sys.exit(130)
