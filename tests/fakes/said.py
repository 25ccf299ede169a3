"""What an answer says, whatever its dialect, and the same answer on the wire of each of them, whole and streamed."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from tests.fakes import answers
from tests.fakes.steps import Pause

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.fakes.steps import Step
    from tests.fakes.tier import Received

__all__ = ["MODEL", "Finish", "Said", "SaidCall"]

Finish: TypeAlias = Literal["stop", "length", "tool_calls", "refusal"]

MODEL = "model-of-the-tier"
_STOPS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "refusal": "refusal"}
"""What Messages calls them."""
_CHAT_FINISH = {"refusal": "content_filter"}


@dataclass(frozen=True)
class SaidCall:
    """A tool's call, with arguments that may be any text."""

    name: str
    arguments: str
    id: str = "call_of_the_tier"
    is_freeform: bool = False
    """Whether the arguments are the text of a custom tool of Responses; elsewhere it is a function of `input`."""

    @property
    def as_function(self) -> str:
        """The arguments where there are no custom tools."""
        return json.dumps({"input": self.arguments}) if self.is_freeform else self.arguments


@dataclass(frozen=True)
class Said:
    """A thought, then a text, then calls: each may be missing."""

    text: str = ""
    thought: str = ""
    calls: tuple[SaidCall, ...] = ()
    finish: Finish | None = None
    """Unset: `tool_calls` where there are calls, else `stop`."""
    input_tokens: int = 11
    output_tokens: int = 22
    other_texts: tuple[str, ...] = ()
    """Of further choices; Chat Completions alone has them."""
    cut: int = 7
    """Characters of one piece of a stream: short enough to cut names, escapes and words."""
    stops_after: int | Literal["call"] | None = None
    """The stream pauses once, after so many events, or after its first call where the dialect says that it is over."""

    def __call__(self, received: Received) -> Iterable[Step]:
        """Plays a tier's script: the answer in the dialect and the form that is asked for."""
        if received.dialect == "responses":
            custom = {tool.get("name") for tool in received.json.get("tools") or [] if tool["type"] == "custom"}
            return self._without_freeform(custom)._played(received)
        return self._played(received)

    def _without_freeform(self, custom: set[str]) -> Said:
        """The answer with functions in the place of custom tools that were not offered as such."""
        calls = [
            call if not call.is_freeform or call.name in custom else SaidCall(call.name, call.as_function, call.id)
            for call in self.calls
        ]
        return replace(self, calls=tuple(calls))

    def _played(self, received: Received) -> list[Step]:
        if received.is_streamed:
            wants_usage = bool((received.json.get("stream_options") or {}).get("include_usage"))
            return self.streamed(received.dialect, with_usage=wants_usage)
        return self.whole(received.dialect)

    def whole(self, dialect: str) -> list[Step]:
        """The answer as one document."""
        return [answers.whole(self.body(dialect))]

    def streamed(self, dialect: str, *, with_usage: bool = True) -> list[Step]:
        """The answer as a stream; Chat Completions tells the usage only where it was asked for."""
        events = self.events(dialect, with_usage=with_usage)
        steps: list[Step] = [answers.chunk(event) for event in events]
        stops_after = self._first_call(dialect, events) if self.stops_after == "call" else self.stops_after
        if stops_after is not None:
            steps.insert(stops_after, Pause(0.2))
        return [answers.stream_head(), *steps, answers.chunk(b"")]

    def _first_call(self, dialect: str, events: Sequence[bytes]) -> int | None:
        end = {"messages": b"content_block_stop", "responses": b"response.output_item.done"}.get(dialect)
        ends = (number for number, event in enumerate(events, 1) if end is not None and end in event)
        return next(ends, None)

    def body(self, dialect: str) -> bytes:
        """The document's bytes."""
        match dialect:
            case "messages":
                document = self._messages_document()
            case "responses":
                document = self._response(self._response_items())
            case _:
                document = self._chat_document()
        return _spliced(json.dumps(document), self.calls)

    def events(self, dialect: str, *, with_usage: bool = True) -> list[bytes]:
        """The events' bytes."""
        match dialect:
            case "messages":
                documents = self._messages_events()
            case "responses":
                documents = self._response_events()
            case _:
                documents = self._chat_chunks(with_usage=with_usage)
        return [answers.event(dialect, document) for document in documents]

    @property
    def why(self) -> Finish:
        """Why the model stopped."""
        return self.finish or ("tool_calls" if self.calls else "stop")

    def _pieces(self, text: str) -> Iterator[str]:
        for start in range(0, len(text), self.cut):
            yield text[start : start + self.cut]

    # ── Chat Completions ─────────────────────────────────────────────────────────────────────────────────────────────

    def _chat_chunks(self, *, with_usage: bool) -> Iterator[Any]:
        yield self._chat_chunk({"role": "assistant", "content": ""})
        for piece in self._pieces(self.thought):
            yield self._chat_chunk({"reasoning_content": piece})
        for piece in self._pieces(self.text):
            yield self._chat_chunk({"content": piece})
        for index, call in enumerate(self.calls):
            yield self._chat_chunk({"tool_calls": [{"index": index, **_chat_call(call, "")}]})
            for piece in self._pieces(call.as_function):
                yield self._chat_chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
        for index, text in enumerate(self.other_texts, 1):
            yield self._chat_chunk({"content": text}, index=index)
        for index in range(len(self.other_texts) + 1):
            yield self._chat_chunk({}, finish=self._chat_finish, index=index)
        if with_usage:
            yield self._chat_envelope("chat.completion.chunk") | {"choices": [], "usage": self._chat_usage}
        yield "[DONE]"

    def _chat_document(self) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": self.text}
        if self.thought:
            message["reasoning_content"] = self.thought
        if self.calls:
            message["content"] = self.text or None
            message["tool_calls"] = [_chat_call(call, call.as_function) for call in self.calls]
        others = [{"role": "assistant", "content": text} for text in self.other_texts]
        choices = [
            {"index": index, "message": message, "finish_reason": self._chat_finish}
            for index, message in enumerate([message, *others])
        ]
        return self._chat_envelope("chat.completion") | {"choices": choices, "usage": self._chat_usage}

    @property
    def _chat_finish(self) -> str:
        return _CHAT_FINISH.get(self.why, self.why)

    @property
    def _chat_usage(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self.input_tokens,
            "completion_tokens": self.output_tokens,
            "total_tokens": self.input_tokens + self.output_tokens,
        }

    def _chat_chunk(self, delta: dict[str, Any], *, finish: str | None = None, index: int = 0) -> dict[str, Any]:
        choice = {"index": index, "delta": delta, "finish_reason": finish}
        return self._chat_envelope("chat.completion.chunk") | {"choices": [choice]}

    def _chat_envelope(self, kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-of-the-tier", "object": kind, "created": 1, "model": MODEL}

    # ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _messages_events(self) -> Iterator[Any]:
        message = self._messages_envelope() | {"content": [], "stop_reason": None}
        yield {"type": "message_start", "message": message | {"usage": self._messages_usage | {"output_tokens": 1}}}
        for index, (empty, deltas) in enumerate(self._messages_deltas()):
            yield {"type": "content_block_start", "index": index, "content_block": empty}
            for delta in deltas:
                yield {"type": "content_block_delta", "index": index, "delta": delta}
            yield {"type": "content_block_stop", "index": index}
        delta = {"stop_reason": _STOPS[self.why], "stop_sequence": None}
        yield {"type": "message_delta", "delta": delta, "usage": self._messages_usage}
        yield {"type": "message_stop"}

    def _messages_deltas(self) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
        if self.thought:
            thoughts: list[dict[str, Any]] = [
                {"type": "thinking_delta", "thinking": piece} for piece in self._pieces(self.thought)
            ]
            seal = {"type": "signature_delta", "signature": "c2lnbmVk"}
            yield {"type": "thinking", "thinking": "", "signature": ""}, [*thoughts, seal]
        if self.text:
            texts = [{"type": "text_delta", "text": piece} for piece in self._pieces(self.text)]
            yield {"type": "text", "text": ""}, texts
        for call in self.calls:
            pieces = [{"type": "input_json_delta", "partial_json": piece} for piece in self._pieces(call.as_function)]
            yield {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}, pieces

    def _messages_document(self) -> dict[str, Any]:
        content: list[dict[str, Any]] = []
        if self.thought:
            content.append({"type": "thinking", "thinking": self.thought, "signature": "c2lnbmVk"})
        if self.text:
            content.append({"type": "text", "text": self.text})
        content += [
            {"type": "tool_use", "id": call.id, "name": call.name, "input": _mark(number)}
            for number, call in enumerate(self.calls)
        ]
        stop = {"stop_reason": _STOPS[self.why]}
        return self._messages_envelope() | {"content": content} | stop | {"usage": self._messages_usage}

    @property
    def _messages_usage(self) -> dict[str, Any]:
        return {"input_tokens": self.input_tokens, "output_tokens": self.output_tokens}

    def _messages_envelope(self) -> dict[str, Any]:
        return {"id": "msg_of_the_tier", "type": "message", "role": "assistant", "model": MODEL, "stop_sequence": None}

    # ── Responses ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _response_events(self) -> Iterator[dict[str, Any]]:
        for number, document in enumerate(self._unnumbered_response_events()):
            yield document | {"sequence_number": number}

    def _unnumbered_response_events(self) -> Iterator[dict[str, Any]]:
        begun = self._response([], is_over=False)
        yield {"type": "response.created", "response": begun}
        yield {"type": "response.in_progress", "response": begun}
        items = self._response_items()
        for place, item in enumerate(items):
            yield from self._response_item_events(place, item)
        kind = "response.incomplete" if self.why == "length" else "response.completed"
        yield {"type": kind, "response": self._response(items)}

    def _response_item_events(self, place: int, item: dict[str, Any]) -> Iterator[dict[str, Any]]:
        where = {"item_id": item["id"], "output_index": place}
        match item["type"]:
            case "function_call":
                begun, kind, member = {"arguments": ""}, "response.function_call_arguments", "arguments"
            case "custom_tool_call":
                begun, kind, member = {"input": ""}, "response.custom_tool_call_input", "input"
            case "reasoning":
                begun, kind, member = {"content": []}, "response.reasoning_text", "text"
            case _:
                begun, kind, member = {"content": []}, "response.output_text", "text"
        text = item[member] if member in item else item["content"][0]["text"]
        status = {"status": "in_progress"} if "status" in item else {}
        extra = {"logprobs": []} if item["type"] == "message" else {}
        named = {"name": item["name"]} if item["type"] == "function_call" else {}
        yield {"type": "response.output_item.added", "output_index": place, "item": item | begun | status}
        if member == "text":
            where |= {"content_index": 0}
            part = item["content"][0]
            yield {"type": "response.content_part.added", **where, "part": part | {"text": ""}}
        for piece in self._pieces(text):
            yield {"type": f"{kind}.delta", **where, "delta": piece, **extra}
        yield {"type": f"{kind}.done", **where, member: text, **extra, **named}
        if member == "text":
            yield {"type": "response.content_part.done", **where, "part": part}
        yield {"type": "response.output_item.done", "output_index": place, "item": item}

    def _response_items(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        if self.thought:
            content = [{"type": "reasoning_text", "text": self.thought}]
            items.append({"type": "reasoning", "id": "rs_of_the_tier", "summary": [], "content": content})
        if self.text:
            part = {"type": "output_text", "text": self.text, "annotations": []}
            status = {"status": "incomplete" if self.why == "length" else "completed"}
            items.append({"type": "message", "id": "msg_of_the_tier", **status, "role": "assistant", "content": [part]})
        for number, call in enumerate(self.calls):
            kind, member = ("custom_tool_call", "input") if call.is_freeform else ("function_call", "arguments")
            identity = {"type": kind, "id": f"fc_of_the_tier_{number}", "call_id": call.id, "name": call.name}
            items.append(identity | {member: call.arguments, "status": "completed"})
        return items

    def _response(self, output: Sequence[Any], *, is_over: bool = True) -> dict[str, Any]:
        status = ("incomplete" if self.why == "length" else "completed") if is_over else "in_progress"
        incomplete = {"reason": "max_output_tokens"} if status == "incomplete" else None
        return {
            "id": "resp_of_the_tier",
            "object": "response",
            "created_at": 1,
            "status": status,
            "error": None,
            "incomplete_details": incomplete,
            "model": MODEL,
            "output": list(output),
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": self._response_usage if is_over else None,
        }

    @property
    def _response_usage(self) -> dict[str, Any]:
        return {
            "input_tokens": self.input_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": self.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self.input_tokens + self.output_tokens,
        }


def _chat_call(call: SaidCall, arguments: str) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _mark(number: int) -> str:
    return f"@@ arguments {number} @@"


def _spliced(document: str, calls: Sequence[SaidCall]) -> bytes:
    """The document with each call's arguments where Messages has them as JSON, whatever they are."""
    for number, call in enumerate(calls):
        document = document.replace(json.dumps(_mark(number)), call.as_function or "{}")
    return document.encode()
