"""What a service has to know of the machine that it is on."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["is_wsl", "memory_bytes"]


def memory_bytes() -> int | None:
    """RAM that this system has; None where it does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def is_wsl() -> bool:
    """Whether this is a Linux in Windows (WSL2), whose kernel says so."""
    try:
        return "microsoft" in Path("/proc/version").read_text(encoding="ascii", errors="replace").lower()
    except OSError:
        return False
