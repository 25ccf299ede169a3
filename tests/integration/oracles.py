"""The vendors' own types, for what the router sends to a client and to a tier."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pydantic
from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types.message_create_params import MessageCreateParams
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import CompletionCreateParams
from openai.types.responses import Response, ResponseStreamEvent
from openai.types.responses.response_create_params import ResponseCreateParams

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["ANSWER", "EVENT", "REQUEST", "WIRE", "documents", "unknown_members"]

WIRE = Path(__file__).parents[1] / "wire"
"""What clients and tiers send: see its `README.md`."""

ANSWER: Mapping[str, type[pydantic.BaseModel]] = {
    "messages": Message,
    "chat": ChatCompletion,
    "responses": Response,
}
EVENT: Mapping[str, pydantic.TypeAdapter[Any]] = {
    "messages": pydantic.TypeAdapter(RawMessageStreamEvent),
    "chat": pydantic.TypeAdapter(ChatCompletionChunk),
    "responses": pydantic.TypeAdapter(ResponseStreamEvent),
}
REQUEST: Mapping[str, pydantic.TypeAdapter[Any]] = {
    "messages": pydantic.TypeAdapter(MessageCreateParams),
    "chat": pydantic.TypeAdapter(CompletionCreateParams),
    "responses": pydantic.TypeAdapter(ResponseCreateParams),
}
_DATA = re.compile(rb"^data: (\{.*)$", re.MULTILINE)


def documents(stream: bytes) -> list[dict[str, Any]]:
    """The documents of a stream's events."""
    return [json.loads(data) for data in _DATA.findall(stream)]


def unknown_members(dialect: str, request: Any) -> set[str]:
    """The names in it that the vendor's types lack. Raises `pydantic.ValidationError` where it is not of them."""
    return set(_lost(request, _read(REQUEST[dialect].validate_python(request))))


def _read(value: Any) -> Any:
    """The value with its lists read: the types have iterables, which pydantic checks as they are read."""
    if isinstance(value, dict):
        return {name: _read(member) for name, member in value.items()}
    if value is None or isinstance(value, str | int | float):
        return value
    return [_read(element) for element in value]


def _lost(given: Any, read: Any) -> Iterator[str]:
    if isinstance(given, dict):
        for name, member in given.items():
            if name in read:
                yield from _lost(member, read[name])
            else:
                yield name
    elif isinstance(given, list):
        for element, kept in zip(given, read, strict=True):
            yield from _lost(element, kept)
