"""Good answers in every dialect, and the bytes they are made of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.fakes.steps import Step
    from tests.fakes.tier import Received

__all__ = [
    "TERMINAL",
    "WORDS",
    "chunk",
    "document",
    "encode",
    "error",
    "event",
    "events",
    "head",
    "models",
    "stream",
    "stream_head",
    "well",
    "well_saying",
    "whole",
]

WORDS = ("alpha ", "beta ", "gamma")
TERMINAL = {"chat": b"[DONE]", "messages": b"message_stop", "responses": b"response.completed"}
"""What a client takes for the end of a whole answer."""
_REASONS = {200: "OK", 429: "Too Many Requests"}


def head(status: int, *headers: tuple[str, str]) -> bytes:
    """The head of an answer."""
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def encode(document: Any) -> bytes:
    """JSON."""
    return json.dumps(document).encode()


def whole(body: bytes | Any, status: int = 200, *headers: tuple[str, str]) -> bytes:
    """A whole answer with its length; a body that is not bytes becomes JSON."""
    data = body if isinstance(body, bytes) else encode(body)
    kind = () if any(name.lower() == "content-type" for name, _ in headers) else (("content-type", "application/json"),)
    return head(status, *kind, *headers, ("content-length", str(len(data)))) + data


def stream_head(*headers: tuple[str, str]) -> bytes:
    """The head of a chunked stream of events."""
    return head(200, ("content-type", "text/event-stream"), ("transfer-encoding", "chunked"), *headers)


def chunk(data: bytes) -> bytes:
    """One chunk; the empty one ends the body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(dialect: str, data: Any) -> bytes:
    """One event; a `str` is sent as it is."""
    text = data if isinstance(data, str) else json.dumps(data)
    name = f"event: {data['type']}\n" if dialect != "chat" and isinstance(data, dict) and "type" in data else ""
    return f"{name}data: {text}\n\n".encode()


def events(dialect: str, words: Sequence[str] = WORDS, *, model: str = "model-of-the-tier") -> list[bytes]:
    """A whole streamed answer, event by event, the terminal one last."""
    if dialect == "messages":
        documents: list[Any] = [
            {"type": "message_start", "message": _message(model, [], stop=None)},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            *(
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}
                for word in words
            ),
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"input_tokens": 11, "output_tokens": len(words)},
            },
            {"type": "message_stop"},
        ]
    elif dialect == "responses":
        documents = _response_events(words, model)
    else:
        documents = [
            _piece(model, {"role": "assistant", "content": ""}),
            *(_piece(model, {"content": word}) for word in words),
            _piece(model, {}, finish="stop"),
            "[DONE]",
        ]
    return [event(dialect, document) for document in documents]


def document(dialect: str, words: Sequence[str] = WORDS, *, model: str = "model-of-the-tier") -> dict[str, Any]:
    """A whole answer."""
    text = "".join(words)
    if dialect == "messages":
        return _message(model, [{"type": "text", "text": text}], stop="end_turn")
    if dialect == "responses":
        return _response(model, [_item(text)], len(words))
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 11, "completion_tokens": len(words), "total_tokens": 11 + len(words)},
    }


def error(dialect: str, message: str, *, kind: str = "invalid_request_error") -> dict[str, Any]:
    """An error in the vendor's envelope."""
    if dialect == "messages":
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_of_the_tier"}
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


def models(ids: Iterable[str]) -> dict[str, Any]:
    """A list of models, as engines give it."""
    return {"object": "list", "data": [{"id": id_, "object": "model"} for id_ in ids]}


def stream(dialect: str, words: Sequence[str] = WORDS, *, counts: bool = False) -> list[bytes]:
    """A good stream: its head, a chunk for each event, the terminator; `counts`: also usage that has to be asked."""
    said = events(dialect, words)
    if counts and dialect == "chat":
        usage = {"prompt_tokens": 11, "completion_tokens": len(words), "total_tokens": 11 + len(words)}
        said.insert(-1, event(dialect, {**_piece("model-of-the-tier", {}), "choices": [], "usage": usage}))
    return [stream_head(), *(chunk(data) for data in said), chunk(b"")]


def well(received: Received) -> Iterable[Step]:
    """A good answer to whatever was asked."""
    return well_saying(*WORDS)(received)


def well_saying(*words: str) -> Callable[[Received], Iterable[Step]]:
    """A script of good answers with these words."""

    def script(received: Received) -> Iterable[Step]:
        if received.is_streamed:
            counts = bool((received.json.get("stream_options") or {}).get("include_usage"))
            return stream(received.dialect, words, counts=counts)
        return [whole(document(received.dialect, words))]

    return script


def _message(model: str, content: list[Any], *, stop: str | None) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 3},
    }


def _item(text: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [part]}


def _response(model: str, output: list[Any], words: int | None) -> dict[str, Any]:
    usage = None
    if words is not None:
        details = {
            "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        }
        usage = {"input_tokens": 11, "output_tokens": words, "total_tokens": 11 + words, **details}
    return {
        "id": "resp_of_the_tier",
        "object": "response",
        "created_at": 1,
        "status": "in_progress" if words is None else "completed",
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": usage,
    }


def _response_events(words: Sequence[str], model: str) -> list[dict[str, Any]]:
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    text = "".join(words)
    begun = {**_item(""), "status": "in_progress", "content": []}
    events = [
        {"type": "response.created", "response": _response(model, [], None)},
        {"type": "response.in_progress", "response": _response(model, [], None)},
        {"type": "response.output_item.added", "output_index": 0, "item": begun},
        {"type": "response.content_part.added", **place, "part": _item("")["content"][0]},
        *({"type": "response.output_text.delta", **place, "delta": word, "logprobs": []} for word in words),
        {"type": "response.output_text.done", **place, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **place, "part": _item(text)["content"][0]},
        {"type": "response.output_item.done", "output_index": 0, "item": _item(text)},
        {"type": "response.completed", "response": _response(model, [_item(text)], len(words))},
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def _piece(model: str, delta: dict[str, Any], *, finish: str | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
