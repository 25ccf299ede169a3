"""A model with one trade: it makes the file it was told of, with whichever tool the harness offers for that."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes.turn import Call, Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from tests.fakes.steps import Step
    from tests.fakes.tier import Received

__all__ = ["CLOSING", "OPENING", "THOUGHT", "WORD", "Smith"]

THOUGHT = "The user wants a file."
OPENING = "I write the file."
"""Said before the call."""
CLOSING = "The file is there."
"""Said after the call's result."""
WORD = "forged"
"""Said where there is no tool: harnesses ask for titles and the like."""


@dataclass(frozen=True)
class Smith:
    """Plays a tier's script: calls the tool, then says that it is done; keeps to a schema where one is asked for."""

    path: Path
    content: str

    def __call__(self, received: Received) -> Iterable[Step]:
        asked = _from_messages(received.json) if received.dialect == "messages" else _from_chat(received.json)
        turn = self._turn(asked)
        if received.is_streamed:
            return turn.streamed(received.dialect, with_usage=asked.wants_usage)
        return turn.whole(received.dialect)

    def arguments(self, name: str) -> dict[str, Any]:
        """What it calls the tool of this name with."""
        return _TOOLS[name](self.path, self.content)

    def _turn(self, asked: _Asked) -> Turn:
        if asked.schema is not None:
            return Turn(json.dumps(_instance_of(asked.schema)))
        if asked.forced is not None:
            return Turn(call=Call(asked.forced, _instance_of(asked.tools[asked.forced])))
        known = [name for name in _TOOLS if name in asked.tools]
        if not known:
            return Turn(WORD)
        thought = THOUGHT if asked.is_thinking else ""
        if asked.has_result:
            return Turn(CLOSING, thought)
        return Turn(OPENING, thought, Call(known[0], self.arguments(known[0])))


# ── its tools ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _patch(path: Path, content: str) -> dict[str, Any]:
    added = "".join(f"+{line}" for line in content.splitlines(keepends=True))
    return {"input": f"*** Begin Patch\n*** Add File: {path.name}\n{added}*** End Patch\n"}


_TOOLS: Mapping[str, Callable[[Path, str], dict[str, Any]]] = {
    # Claude Code
    "Write": lambda path, content: {"file_path": str(path), "content": content},
    # OpenCode
    "write": lambda path, content: {"filePath": str(path), "content": content},
    # the scripts that drive an SDK
    "write_file": lambda path, content: {"path": path.name, "content": content},
    # Codex: with a model that it knows, and with another
    "apply_patch": _patch,
    "exec_command": lambda path, content: {"cmd": f"cat > {path.name} <<'THE END'\n{content}THE END\n"},
}
"""In the order of preference: the first that is offered is called."""


# ── what it was asked ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Asked:
    tools: Mapping[str, Mapping[str, Any]]
    """The schema of each tool's arguments."""
    forced: str | None
    """The tool that must be called; the first where any will do."""
    has_result: bool
    schema: Mapping[str, Any] | None
    is_thinking: bool
    wants_usage: bool


def _from_chat(body: Mapping[str, Any]) -> _Asked:
    form = body.get("response_format") or {}
    functions = [tool["function"] for tool in body.get("tools") or []]
    tools = {function["name"]: function["parameters"] for function in functions}
    choice = body.get("tool_choice")
    named = choice["function"]["name"] if isinstance(choice, dict) else None
    return _Asked(
        tools=tools,
        forced=next(iter(tools)) if choice == "required" else named,
        has_result=any(message["role"] == "tool" for message in body["messages"]),
        schema=form["json_schema"]["schema"] if form.get("type") == "json_schema" else None,
        is_thinking=True,  # as a local model with a reasoning parser does, asked or not
        wants_usage=bool((body.get("stream_options") or {}).get("include_usage")),
    )


def _from_messages(body: Mapping[str, Any]) -> _Asked:
    form = (body.get("output_config") or {}).get("format") or {}
    contents = [message["content"] for message in body["messages"] if isinstance(message["content"], list)]
    tools = {tool["name"]: tool["input_schema"] for tool in body.get("tools") or [] if "input_schema" in tool}
    choice = body.get("tool_choice") or {}
    return _Asked(
        tools=tools,
        forced=next(iter(tools)) if choice.get("type") == "any" else choice.get("name"),
        has_result=any(block["type"] == "tool_result" for content in contents for block in content),
        schema=form.get("schema"),
        is_thinking=(body.get("thinking") or {}).get("type", "disabled") != "disabled",
        wants_usage=True,
    )


def _instance_of(schema: Mapping[str, Any]) -> Any:
    """A value that a small schema allows."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: _instance_of(part) for name, part in schema.get("properties", {}).items()}
        case "array":
            return []
        case "integer" | "number":
            return 3
        case "boolean":
            return True
        case _:
            return WORD
