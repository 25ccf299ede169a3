"""A model that keeps its own books: each answer has numbers of its own, and what it has answered is known."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

from tests.fakes import answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from tests.fakes.steps import Step
    from tests.fakes.tier import Received

__all__ = ["DELEGATE", "Scribe"]

DELEGATE = "Delegate this."
"""Asked so, it starts two sub-agents at once."""
_SUBTASK = "Look around."


class Scribe:
    """Plays a tier's script in Messages and Responses."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self.usages: list[dict[str, Any]] = []
        """Of every answer, in their order."""

    def __call__(self, received: Received) -> Iterable[Step]:
        number = next(self._numbers)
        body = received.json
        return self._messages(body, number) if received.dialect == "messages" else self._responses(body, number)

    # ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _messages(self, body: dict[str, Any], number: int) -> list[Step]:
        usage = {
            "input_tokens": 100 + number,
            "cache_creation_input_tokens": 2_000 + number,
            "cache_read_input_tokens": 3_000 + number,
            "output_tokens": 30 + number,
            "cache_creation": {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 1_500 + number},
        }
        self.usages.append(usage)
        blocks = self._blocks(body, number)
        stop = "tool_use" if any(block["type"] == "tool_use" for block in blocks) else "end_turn"
        envelope = {"id": f"msg_01{number:04}", "type": "message", "role": "assistant", "model": body["model"]}
        request = ("request-id", f"req_01{number:04}")
        if not body.get("stream"):
            return [answers.whole(envelope | {"content": blocks, "stop_reason": stop, "usage": usage}, 200, request)]
        start = envelope | {"content": [], "stop_reason": None, "usage": usage | {"output_tokens": 1}}
        events = [{"type": "message_start", "message": start}]
        for index, block in enumerate(blocks):
            events += _block_events(index, block)
        events.append({"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage})
        events.append({"type": "message_stop"})
        return _streamed("messages", events, request)

    def _blocks(self, body: dict[str, Any], number: int) -> list[dict[str, Any]]:
        """What it says and calls: files first, sub-agents then, and then no more."""
        tools = {tool["name"] for tool in body.get("tools") or []}
        said = json.dumps(body["messages"])
        results = said.count('"tool_result"')
        text = {"type": "text", "text": "So be it."}
        if _SUBTASK in json.dumps(body["messages"][0]) and results == 0 and "Bash" in tools:
            return [text, _call(number, "Bash", {"command": "ls", "description": "List"})]
        if DELEGATE not in said or "Agent" not in tools or results > 2:
            return [text]
        if results == 0:
            files = [(f"{number}{name}", name) for name in ("a.txt", "b.txt")]
            return [
                text,
                *(_call(key, "Write", {"file_path": str(self._folder / name), "content": "x"}) for key, name in files),
            ]
        if results > 2 or _SUBTASK in said:
            return [text]
        kinds = ("general-purpose", "Explore")
        return [
            text,
            *(
                _call(f"{number}{kind}", "Agent", {"description": "Look", "prompt": _SUBTASK, "subagent_type": kind})
                for kind in kinds
            ),
        ]

    # ── Responses ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _responses(self, body: dict[str, Any], number: int) -> list[Step]:
        usage = {
            "input_tokens": 1_000 + number,
            "input_tokens_details": {"cached_tokens": 600 + number},
            "output_tokens": 50 + number,
            "output_tokens_details": {"reasoning_tokens": 10 + number},
            "total_tokens": 1_050 + 2 * number,
        }
        self.usages.append(usage)
        text = {"type": "output_text", "text": "So be it."}
        items: list[dict[str, Any]] = [
            {"type": "message", "id": f"m{number}", "role": "assistant", "content": [text]},
        ]
        if body["input"][-1].get("type") != "function_call_output":
            call = {"type": "function_call", "id": f"f{number}", "call_id": f"call_{number}"}
            items.append(call | {"name": "exec_command", "arguments": json.dumps({"cmd": "ls"})})
        response = {"id": f"resp_{number:04}", "object": "response", "output": items, "usage": usage}
        events: list[dict[str, Any]] = [
            {"type": "response.created", "response": response | {"status": "in_progress", "output": []}}
        ]
        for index, item in enumerate(items):
            events += [
                {"type": f"response.output_item.{kind}", "output_index": index, "item": item}
                for kind in ("added", "done")
            ]
        events.append({"type": "response.completed", "response": response | {"status": "completed"}})
        return _streamed("responses", events)


def _streamed(dialect: str, events: Sequence[Any], *headers: tuple[str, str]) -> list[Step]:
    chunks = (answers.chunk(answers.event(dialect, event)) for event in events)
    return [answers.stream_head(*headers), *chunks, answers.chunk(b"")]


def _call(key: object, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{key}", "name": name, "input": arguments}


def _block_events(index: int, block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if block["type"] == "text":
        empty, delta = block | {"text": ""}, {"type": "text_delta", "text": block["text"]}
    else:
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        empty = block | {"input": {}}
    yield {"type": "content_block_start", "index": index, "content_block": empty}
    yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}
