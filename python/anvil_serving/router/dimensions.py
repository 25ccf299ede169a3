"""What a caller narrows about one request: in headers, in the body's `anvil` member, or in its metadata.

A dimension takes away and never adds: two that say different things both hold.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from anvil_serving.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["NOTHING_NARROWED", "Dimensions", "Verify", "read_dimensions"]

_PREFIX = b"x-anvil-"
_TEXT_LIMIT = 256
"""Characters of a name that a caller gives. A session's may be longer: it is hashed."""
_SESSION_LIMIT = 4_096
_OURS = frozenset(
    _PREFIX + name
    for name in (b"hops", b"decision", b"tier", b"model", b"work-class", b"verified", b"attempts", b"warning")
)
"""What routers say in answers and to each other. A client that repeats them is not narrowing anything."""

# JSON's own, without a sign; Python's would also take digits of other scripts and underscores.
_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?")

Verify = Literal["off", "structural", "strict"]
_STRICTNESS: tuple[Verify, ...] = ("off", "structural", "strict")


class Dimensions(msgspec.Struct, frozen=True, gc=False):
    """What holds for one request."""

    intent: str | None = None
    """A preset or a kind of work, as the caller names it."""
    intent_source: str = "header"
    local_only: bool = False
    """Whether the prompt may not leave the user's own machines."""
    max_cost_usd: float | None = None
    max_latency_seconds: float | None = None
    """The longest acceptable wait for the first byte."""
    verify: Verify | None = None
    budgets: tuple[str, ...] = ()
    """The named budgets that the request is charged to as well."""
    session: str | None = None

    @property
    def said(self) -> dict[str, str]:
        """Each dimension that narrows, and how; for the record. A session is not among them."""
        said = {
            "intent": self.intent,
            "privacy": "local" if self.local_only else None,
            "max_cost_usd": None if self.max_cost_usd is None else str(self.max_cost_usd),
            "max_latency_ms": None if self.max_latency_seconds is None else str(self.max_latency_seconds * 1_000),
            "verify": self.verify,
            "budget": ", ".join(self.budgets) or None,
        }
        return {name: value for name, value in said.items() if value is not None}


NOTHING_NARROWED = Dimensions()


class _Members(msgspec.Struct, forbid_unknown_fields=True):
    """The dimensions of a body. An unknown one is refused: a misspelt `privacy` must not let a prompt leave."""

    intent: str | None = None
    privacy: str | None = None
    # As strings too: OpenAI's metadata holds nothing else.
    max_cost_usd: float | str | None = None
    max_latency_ms: float | str | None = None
    verify: str | None = None
    budget: str | None = None
    session: str | None = None


class _Said(NamedTuple):
    value: str
    place: str
    """Where it stands, for an error."""
    source: str


def read_dimensions(headers: Mapping[bytes, bytes], members: Sequence[tuple[str, bytes]]) -> Dimensions:
    """The dimensions of a request; `members` are the JSON objects of its body that hold some, each with its path.

    Raises `Malformed`, naming the header or the member, for one that is unknown or says nothing that can be held to.
    """
    said: dict[str, list[_Said]] = {}
    for name, value in headers.items():
        if name.startswith(_PREFIX) and name not in _OURS:
            _hear(said, name[len(_PREFIX) :].decode("latin-1").replace("-", "_"), value, place=name.decode("latin-1"))
    for path, member in members:
        _hear_member(said, path, member)
    if not said:
        return NOTHING_NARROWED
    intent = said.get("intent")
    return Dimensions(
        intent=_name(intent[0]) if intent else None,
        intent_source=intent[0].source if intent else "header",
        local_only=max((_privacy(each) for each in said.get("privacy", ())), default=False),
        max_cost_usd=_least(said.get("max_cost_usd", ()), _number),
        max_latency_seconds=_least(said.get("max_latency_ms", ()), lambda each: _number(each) / 1_000),
        verify=_strictest(said.get("verify", ())),
        budgets=tuple(map(_name, said.get("budget", ()))),
        session=_name(said["session"][0], limit=_SESSION_LIMIT) if "session" in said else None,
    )


def _hear(said: dict[str, list[_Said]], name: str, value: bytes, *, place: str) -> None:
    if name not in _Members.__struct_fields__:
        raise Malformed(f"{place[:80]} is not known: the headers are x-anvil-{{{_listing('-')}}}", param=place[:80])
    said.setdefault(name, []).append(_Said(value.decode("utf-8", "replace").strip(), place, "header"))


def _hear_member(said: dict[str, list[_Said]], path: str, member: bytes) -> None:
    try:
        members = msgspec.json.decode(member, type=_Members)
    except msgspec.DecodeError as error:
        raise Malformed(f"{path}: {error}; its members are {_listing('_')}", param=path) from None
    for name in _Members.__struct_fields__:
        value = getattr(members, name)
        if value is not None:
            said.setdefault(name, []).append(_Said(str(value).strip(), f"{path}.{name}", "body"))


def _listing(joint: str) -> str:
    return ", ".join(name.replace("_", joint) for name in _Members.__struct_fields__)


def _privacy(said: _Said) -> bool:
    if said.value not in ("local", "any"):
        raise Malformed(f'{said.place}: must be "local" or "any"', param=said.place)
    return said.value == "local"


def _number(said: _Said) -> float:
    number = float(said.value) if _NUMBER.fullmatch(said.value) else math.inf
    if not math.isfinite(number):
        raise Malformed(f"{said.place}: must be a number from 0", param=said.place)
    return number


def _least(said: Sequence[_Said], read: Callable[[_Said], float]) -> float | None:
    return min((read(each) for each in said), default=None)


def _strictest(said: Sequence[_Said]) -> Verify | None:
    strictness = -1
    for each in said:
        if each.value not in _STRICTNESS:
            raise Malformed(f'{each.place}: must be "off", "structural" or "strict"', param=each.place)
        strictness = max(strictness, _STRICTNESS.index(each.value))
    return None if strictness < 0 else _STRICTNESS[strictness]


def _name(said: _Said, *, limit: int = _TEXT_LIMIT) -> str:
    if not 0 < len(said.value) <= limit or not said.value.isprintable():
        raise Malformed(f"{said.place}: must be a name of 1 to {limit} characters", param=said.place)
    return said.value
