"""Answers that later requests may refer to, by `previous_response_id` or `item_reference` (docs/adr/0009)."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from anvil_serving.errors import BodyTooLarge, UnknownResponse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["StoredResponses"]

_MAX_BYTES = 64 * 1024 * 1024
_MAX_RESPONSES = 4_096


class _Referring(Protocol):
    """A request that may refer to what is stored."""

    @property
    def previous_response(self) -> str | None: ...
    @property
    def item_references(self) -> list[str]: ...
    def input_items(self) -> bytes: ...
    def resumed(self: _R, history: str, items: Mapping[str, str]) -> _R: ...


_R = TypeVar("_R", bound=_Referring)


class _Stored(msgspec.Struct, frozen=True, gc=False):
    """One exchange: its items as a list without its brackets, and the ids of those that the answer added."""

    history: bytes
    item_ids: tuple[str, ...]
    size: int


class _Identified(msgspec.Struct):
    id: str = ""


class StoredResponses:
    """The answers of one worker, bounded in bytes and in number; the one used longest ago goes first.

    Each belongs to an owner, the client that asked for it, and is nobody else's.
    """

    def __init__(self, *, max_bytes: int = _MAX_BYTES, max_responses: int = _MAX_RESPONSES) -> None:
        self._max_bytes = max_bytes
        self._max_responses = max_responses
        self._responses: OrderedDict[str, _Stored] = OrderedDict()
        # By an item's id, what each answer has under it: tiers name their items themselves, and may name two alike.
        self._items: dict[str, dict[str, bytes]] = {}
        self._size = 0

    def __len__(self) -> int:
        return len(self._responses)

    def resumed(self, request: _R, owner: str | None = None) -> _R:
        """The request with what it refers to in its place; itself where it refers to nothing.

        Raises `UnknownResponse` when that is not stored, or not any more, and `BodyTooLarge` when it comes to more
        bytes than the store may hold: a small request may refer to a large item often.
        """
        if request.previous_response is None and not request.item_references:
            return request
        history = b"" if request.previous_response is None else self._history(_key(owner, request.previous_response))
        items: dict[str, str] = {}
        size = len(history)
        for reference in request.item_references:
            item = self._item(_key(owner, reference))
            size += len(item)
            if size > self._max_bytes:
                raise BodyTooLarge(f"what the request refers to is larger than {self._max_bytes} bytes", param="input")
            items.setdefault(reference, item.decode())
        return request.resumed(history.decode(), items)

    def keep(self, response_id: str, request: _Referring, items: Sequence[bytes], *, owner: str | None = None) -> None:
        """Keeps an exchange: the request as it was asked, and the items of its answer as JSON."""
        history = b",".join(part for part in (request.input_items(), *items) if part)
        response_id = _key(owner, response_id)
        ids = tuple(_key(owner, name) if (name := _identity(item)) else "" for item in items)
        size = len(history) + sum(len(item) for item in items)
        if size > self._max_bytes:
            return
        self._forget(response_id)
        self._responses[response_id] = _Stored(history, ids, size)
        for item_id, item in zip(ids, items, strict=True):
            if item_id:
                self._items.setdefault(item_id, {})[response_id] = item
        self._size += size
        while self._size > self._max_bytes or len(self._responses) > self._max_responses:
            self._forget(next(iter(self._responses)))

    def _history(self, response_id: str) -> bytes:
        stored = self._responses.get(response_id)
        if stored is None:
            raise UnknownResponse(
                "the previous response is not stored here (any more): send the whole conversation as `input`",
                param="previous_response_id",
            )
        self._responses.move_to_end(response_id)
        return stored.history

    def _item(self, item_id: str) -> bytes:
        """The item of that id; where two answers mean different ones by it, neither."""
        meant = self._items.get(item_id, {})
        if len(set(meant.values())) != 1:
            why = "is not stored here" if not meant else "goes by an id that other items have too: send the item itself"
            raise UnknownResponse(f"an item that the request refers to {why}", param="input")
        response_id = next(reversed(meant))
        self._responses.move_to_end(response_id)
        return meant[response_id]

    def _forget(self, response_id: str) -> None:
        stored = self._responses.pop(response_id, None)
        if stored is not None:
            self._size -= stored.size
            for item_id in stored.item_ids:
                meant = self._items.get(item_id, {})
                meant.pop(response_id, None)
                if not meant:
                    self._items.pop(item_id, None)


def _key(owner: str | None, name: str) -> str:
    """Under what a name of this owner's is kept. The length keeps names that hold anything from meaning another's."""
    return f"{len(owner or '')}:{owner or ''}:{name}"


def _identity(item: bytes) -> str:
    try:
        return msgspec.json.decode(item, type=_Identified).id
    except msgspec.DecodeError:
        return ""
