"""The vendors' own types, for what the router sends to a client."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pydantic
from anthropic.types import Message, RawMessageStreamEvent
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ANSWER", "EVENT", "WIRE", "documents"]

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
_DATA = re.compile(rb"^data: (\{.*)$", re.MULTILINE)


def documents(stream: bytes) -> list[dict[str, Any]]:
    """The documents of a stream's events."""
    return [json.loads(data) for data in _DATA.findall(stream)]
