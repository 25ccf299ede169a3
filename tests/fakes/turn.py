"""What a model does when it is its turn, and the same turn on the wire of either dialect."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes import answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.fakes.steps import Step

__all__ = ["CACHED_TOKENS", "INPUT_TOKENS", "OUTPUT_TOKENS", "REASONING_TOKENS", "Call", "Turn"]

INPUT_TOKENS = 111
"""The prompt, with what the cache held of it."""
CACHED_TOKENS = 40
OUTPUT_TOKENS = 22
REASONING_TOKENS = 5
"""Of the output; only Chat Completions tells."""

_MODEL = "model-of-the-tier"
_PIECE = 7
"""Characters of one delta: short enough to cut names, escapes and words."""
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Call:
    """A tool's call; its number makes its id."""

    name: str
    arguments: dict[str, Any]
    number: int = field(default_factory=lambda: next(_numbers))

    @property
    def json(self) -> str:
        # Not only ASCII: a client must put characters together that were cut apart on the wire.
        return json.dumps(self.arguments, ensure_ascii=False)


@dataclass(frozen=True)
class Turn:
    """A thought, words, and a call: each may be missing."""

    words: str = ""
    thought: str = ""
    call: Call | None = None
    number: int = field(default_factory=lambda: next(_numbers))

    def streamed(self, dialect: str, *, with_usage: bool = True) -> list[Step]:
        """The turn as a stream; Chat Completions tells the usage only where it was asked for."""
        documents = self._messages_events() if dialect == "messages" else self._chat_chunks(with_usage=with_usage)
        events = (answers.chunk(answers.event(dialect, document)) for document in documents)
        return [answers.stream_head(), *events, answers.chunk(b"")]

    def whole(self, dialect: str) -> list[Step]:
        """The turn as one document."""
        return [answers.whole(self._messages_document() if dialect == "messages" else self._chat_document())]

    # ── Chat Completions ─────────────────────────────────────────────────────────────────────────────────────────────

    def _chat_chunks(self, *, with_usage: bool) -> Iterator[Any]:
        yield self._chat_chunk({"role": "assistant", "content": ""})
        for piece in _pieces(self.thought):
            yield self._chat_chunk({"reasoning_content": piece})
        for piece in _pieces(self.words):
            yield self._chat_chunk({"content": piece})
        if self.call is not None:
            yield self._chat_chunk({"tool_calls": [{"index": 0, **_chat_call(self.call, arguments="")}]})
            for piece in _pieces(self.call.json):
                yield self._chat_chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
        yield self._chat_chunk({}, finish=self._chat_finish)
        if with_usage:
            yield self._chat_envelope("chat.completion.chunk") | {"choices": [], "usage": _CHAT_USAGE}
        yield "[DONE]"

    def _chat_document(self) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": self.words or None}
        if self.thought:
            message["reasoning_content"] = self.thought
        if self.call is not None:
            message["tool_calls"] = [_chat_call(self.call, arguments=self.call.json)]
        choice = {"index": 0, "message": message, "finish_reason": self._chat_finish}
        return self._chat_envelope("chat.completion") | {"choices": [choice], "usage": _CHAT_USAGE}

    @property
    def _chat_finish(self) -> str:
        return "stop" if self.call is None else "tool_calls"

    def _chat_chunk(self, delta: dict[str, Any], *, finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return self._chat_envelope("chat.completion.chunk") | {"choices": [choice]}

    def _chat_envelope(self, kind: str) -> dict[str, Any]:
        return {"id": f"chatcmpl-{self.number}", "object": kind, "created": 1, "model": _MODEL}

    # ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _messages_events(self) -> Iterator[Any]:
        message = self._messages_envelope() | {"content": [], "stop_reason": None}
        yield {"type": "message_start", "message": message | {"usage": _MESSAGES_USAGE | {"output_tokens": 1}}}
        for index, block in enumerate(self._messages_blocks()):
            yield from _block_events(index, block)
        delta = {"stop_reason": self._messages_stop, "stop_sequence": None}
        yield {"type": "message_delta", "delta": delta, "usage": _MESSAGES_USAGE}
        yield {"type": "message_stop"}

    def _messages_document(self) -> dict[str, Any]:
        content = list(self._messages_blocks())
        return self._messages_envelope() | {
            "content": content,
            "stop_reason": self._messages_stop,
            "usage": _MESSAGES_USAGE,
        }

    def _messages_blocks(self) -> Iterator[dict[str, Any]]:
        if self.thought:
            yield {"type": "thinking", "thinking": self.thought, "signature": "c2lnbmVk"}
        if self.words:
            yield {"type": "text", "text": self.words}
        if self.call is not None:
            identity = f"toolu_{self.call.number}"
            yield {"type": "tool_use", "id": identity, "name": self.call.name, "input": self.call.arguments}

    @property
    def _messages_stop(self) -> str:
        return "end_turn" if self.call is None else "tool_use"

    def _messages_envelope(self) -> dict[str, Any]:
        identity = f"msg_{self.number}"
        return {"id": identity, "type": "message", "role": "assistant", "model": _MODEL, "stop_sequence": None}


_CHAT_USAGE = {
    "prompt_tokens": INPUT_TOKENS,
    "completion_tokens": OUTPUT_TOKENS,
    "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    "prompt_tokens_details": {"cached_tokens": CACHED_TOKENS},
    "completion_tokens_details": {"reasoning_tokens": REASONING_TOKENS},
}
_MESSAGES_USAGE = {
    "input_tokens": INPUT_TOKENS - CACHED_TOKENS,
    "cache_read_input_tokens": CACHED_TOKENS,
    "cache_creation_input_tokens": 0,
    "output_tokens": OUTPUT_TOKENS,
}


def _chat_call(call: Call, *, arguments: str) -> dict[str, Any]:
    return {
        "id": f"call_{call.number}",
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }


def _block_events(index: int, block: dict[str, Any]) -> Iterable[dict[str, Any]]:
    match block["type"]:
        case "thinking":
            empty = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in _pieces(block["thinking"])]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        case "text":
            empty = {"type": "text", "text": ""}
            deltas = [{"type": "text_delta", "text": piece} for piece in _pieces(block["text"])]
        case _:
            empty = block | {"input": {}}
            pieces = _pieces(json.dumps(block["input"], ensure_ascii=False))
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    yield {"type": "content_block_start", "index": index, "content_block": empty}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), _PIECE):
        yield text[start : start + _PIECE]
