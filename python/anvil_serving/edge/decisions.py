"""What may be asked of the log of decisions over HTTP."""

from __future__ import annotations

from urllib.parse import parse_qs

import msgspec

from anvil_serving.errors import Malformed
from anvil_serving.router import Filters

__all__ = ["DecisionQuery"]

_PAGE = 50
_LARGEST_PAGE = 1_000
_NAMES = ("session", "client", "work_class", "tier", "result", "intent")
_TIMES = ("since", "until")
_DIGITS = 20


class DecisionQuery(msgspec.Struct, frozen=True):
    """One page of decisions."""

    filters: Filters
    limit: int = _PAGE
    after: str | None = None
    """The `next` of the page before."""

    @classmethod
    def from_query(cls, query: bytes) -> DecisionQuery:
        """Reads a query. Raises `Malformed` for what is unknown: a misspelt filter would show everything."""
        asked = {name: values[-1] for name, values in parse_qs(query.decode("latin-1"), keep_blank_values=True).items()}
        known = (*_NAMES, *_TIMES, "limit", "after")
        for name, value in asked.items():
            if name not in known:
                raise Malformed(f"{name[:40]}: is not known here; known are {', '.join(known)}", param=name[:40])
            if not value:
                raise Malformed(f"{name}: is empty", param=name)
        limit = asked.get("limit", str(_PAGE))
        if not (limit.isascii() and limit.isdigit() and len(limit) < 5 and 1 <= int(limit) <= _LARGEST_PAGE):
            raise Malformed(f"limit: must be a number from 1 to {_LARGEST_PAGE}", param="limit")
        filters: dict[str, object] = {name: asked[name] for name in _NAMES if name in asked}
        filters |= {name: _seconds(name, asked[name]) for name in _TIMES if name in asked}
        return cls(msgspec.convert(filters, Filters), int(limit), asked.get("after"))


def _seconds(name: str, said: str) -> float:
    if not said.replace(".", "", 1).isdigit() or not said.isascii() or len(said) > _DIGITS:
        raise Malformed(f"{name}: must be seconds since the epoch", param=name)
    return float(said)
