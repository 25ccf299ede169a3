"""A moment as people write it: so long ago, or a date."""

from __future__ import annotations

import datetime
import re
from typing import Final

__all__ = ["instant"]

_AGO = re.compile(r"([0-9]{1,9})([smhdw])\Z")
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def instant(text: str, now: float) -> float:
    """Seconds since the epoch for `90s`, `30m`, `2h`, `7d` or `4w` before `now`, or for a date of ISO 8601.

    A date may have a time. Without an offset it is of this machine's zone. Raises `ValueError`, in words for a person.
    """
    ago = _AGO.match(text.strip())
    if ago is not None:
        return now - int(ago[1]) * _UNITS[ago[2]]
    try:
        return datetime.datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        raise ValueError(
            f"{text!r} is no moment: write 2h, 7d or 4w for so long ago, or a date such as 2026-11-25T14:30"
        ) from None
