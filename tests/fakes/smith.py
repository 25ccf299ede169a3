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
SEARCHING = "I look for a tool."
CLOSING = "The file is there."
"""Said after the call's result."""
WORD = "forged"
"""Said where there is no tool: harnesses ask for titles and the like."""

MCP = "mcp__forge__"
"""What harnesses put before the name of a tool that a server named `forge` offers."""
SEARCH = "tool_search"
"""Codex's tool that finds the tools which it does not offer at once."""


@dataclass(frozen=True)
class Smith:
    """Plays a tier's script: calls the tool, then says that it is done; keeps to a schema where one is asked for."""

    path: Path
    content: str
    insists_on: str | None = None
    """The tool to call, and to search for where it is not offered at once."""

    def __call__(self, received: Received) -> Iterable[Step]:
        asked = _from_messages(received.json) if received.dialect == "messages" else _from_chat(received.json)
        turn = self._turn(asked)
        if received.is_streamed:
            return turn.streamed(received.dialect, with_usage=asked.wants_usage)
        return turn.whole(received.dialect)

    def arguments(self, name: str) -> dict[str, Any]:
        """What it calls the tool of this name with."""
        return _TOOLS[name.removeprefix(MCP)](self.path, self.content)

    def _turn(self, asked: _Asked) -> Turn:
        if asked.schema is not None:
            return Turn(json.dumps(_instance_of(asked.schema)))
        if asked.forced is not None:
            return Turn(call=Call(asked.forced, _instance_of(asked.tools[asked.forced])))
        wanted = [name for name in ([self.insists_on] if self.insists_on else _TOOLS) if name in asked.tools]
        thought = THOUGHT if asked.is_thinking else ""
        if asked.called.intersection(wanted):
            return Turn(CLOSING, thought)
        if wanted:
            return Turn(OPENING, thought, Call(wanted[0], self.arguments(wanted[0])))
        if self.insists_on is not None and SEARCH in asked.tools and SEARCH not in asked.called:
            # Words, and not a name: that is what is searched for.
            return Turn(SEARCHING, thought, Call(SEARCH, {"query": self.insists_on.replace("_", " ")}))
        return Turn(WORD)


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
    called: frozenset[str]
    """The tools that it has called so far."""
    schema: Mapping[str, Any] | None
    is_thinking: bool
    wants_usage: bool


def _from_chat(body: Mapping[str, Any]) -> _Asked:
    form = body.get("response_format") or {}
    functions = [tool["function"] for tool in body.get("tools") or []]
    tools = {function["name"]: function["parameters"] for function in functions}
    calls = [call for message in body["messages"] for call in message.get("tool_calls") or []]
    choice = body.get("tool_choice")
    named = choice["function"]["name"] if isinstance(choice, dict) else None
    return _Asked(
        tools=tools,
        forced=next(iter(tools)) if choice == "required" else named,
        called=frozenset(call["function"]["name"] for call in calls),
        schema=form["json_schema"]["schema"] if form.get("type") == "json_schema" else None,
        is_thinking=True,  # as a local model with a reasoning parser does, asked or not
        wants_usage=bool((body.get("stream_options") or {}).get("include_usage")),
    )


def _from_messages(body: Mapping[str, Any]) -> _Asked:
    form = (body.get("output_config") or {}).get("format") or {}
    contents = [message["content"] for message in body["messages"] if isinstance(message["content"], list)]
    blocks = [block for content in contents for block in content]
    tools = {tool["name"]: tool["input_schema"] for tool in body.get("tools") or [] if "input_schema" in tool}
    choice = body.get("tool_choice") or {}
    return _Asked(
        tools=tools,
        forced=next(iter(tools)) if choice.get("type") == "any" else choice.get("name"),
        called=frozenset(block["name"] for block in blocks if block["type"] == "tool_use"),
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
