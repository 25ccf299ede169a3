"""What a client asks, whatever its dialect, and the same request in each of them."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.fakes.said import SaidCall

__all__ = ["Asked", "AskedTool", "Happened"]

_CAP = 4096
_numbers = itertools.count(1)


@dataclass(frozen=True)
class AskedTool:
    """A tool that is offered; a freeform one is a custom tool in Responses and a function of `input` elsewhere."""

    name: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "object"})
    is_freeform: bool = False


@dataclass(frozen=True)
class Happened:
    """A tool that was called before, and what it gave."""

    call: SaidCall
    result: str


@dataclass(frozen=True)
class Asked:
    """A question, with what was said before it and what is demanded of its answer."""

    prompt: str = "say something"
    system: str | None = None
    tools: tuple[AskedTool, ...] = ()
    choice: str | None = None
    """`required`, `none`, or the name of a tool; unset: as the model sees fit."""
    allows_parallel: bool | None = None
    form: Literal["json"] | Mapping[str, Any] | None = None
    """`json`, or a JSON Schema."""
    cap: int | None = None
    """Tokens of the answer; Messages has one in any case."""
    happened: tuple[Happened, ...] = ()
    """After the prompt."""
    choices: int = 1
    """Answers at once; Chat Completions alone has them."""

    def body(self, dialect: str, model: str, *, stream: bool) -> dict[str, Any]:
        """The request. Each is the first of a conversation of its own, so that no other decides where it goes."""
        prompt = f"Number {next(_numbers)}. {self.prompt}"
        match dialect:
            case "messages":
                members = self._messages(prompt)
            case "responses":
                members = self._responses(prompt)
            case _:
                members = self._chat(prompt)
        present = {name: member for name, member in members.items() if member is not None and member != []}
        return {"model": model, **present, **({"stream": True} if stream else {})}

    # ── Chat Completions ─────────────────────────────────────────────────────────────────────────────────────────────

    def _chat(self, prompt: str) -> dict[str, Any]:
        system = [{"role": "system", "content": self.system}] if self.system else []
        return {
            "messages": [*system, {"role": "user", "content": prompt}, *self._chat_turns()],
            "tools": [
                {"type": "function", "function": {"name": tool.name, "parameters": _schema(tool)}}
                for tool in self.tools
            ],
            "tool_choice": _named(self.choice, {"type": "function", "function": {"name": self.choice}}),
            "parallel_tool_calls": self.allows_parallel,
            "response_format": self._chat_form(),
            "max_tokens": self.cap,
            "n": self.choices if self.choices > 1 else None,
        }

    def _chat_turns(self) -> Iterator[dict[str, Any]]:
        for each in self.happened:
            function = {"name": each.call.name, "arguments": each.call.as_function}
            call = {"id": each.call.id, "type": "function", "function": function}
            yield {"role": "assistant", "content": None, "tool_calls": [call]}
            yield {"role": "tool", "tool_call_id": each.call.id, "content": each.result}

    def _chat_form(self) -> dict[str, Any] | None:
        if self.form is None:
            return None
        if self.form == "json":
            return {"type": "json_object"}
        return {"type": "json_schema", "json_schema": {"name": "answer", "schema": self.form, "strict": True}}

    # ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _messages(self, prompt: str) -> dict[str, Any]:
        form = {"type": "object"} if self.form == "json" else self.form
        return {
            "system": self.system,
            "messages": [{"role": "user", "content": prompt}, *self._messages_turns()],
            "tools": [{"name": tool.name, "input_schema": _schema(tool)} for tool in self.tools],
            "tool_choice": self._messages_choice(),
            "output_config": None if form is None else {"format": {"type": "json_schema", "schema": form}},
            "max_tokens": self.cap or _CAP,
        }

    def _messages_turns(self) -> Iterator[dict[str, Any]]:
        for each in self.happened:
            call = {"type": "tool_use", "id": each.call.id, "name": each.call.name}
            given = {"type": "tool_result", "tool_use_id": each.call.id, "content": each.result}
            yield {"role": "assistant", "content": [call | {"input": json.loads(each.call.as_function)}]}
            yield {"role": "user", "content": [given]}

    def _messages_choice(self) -> dict[str, Any] | None:
        choice = {None: {"type": "auto"}, "required": {"type": "any"}, "none": {"type": "none"}}.get(
            self.choice, {"type": "tool", "name": self.choice}
        )
        if self.allows_parallel is not None:
            return choice | {"disable_parallel_tool_use": not self.allows_parallel}
        return None if self.choice is None else choice

    # ── Responses ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _responses(self, prompt: str) -> dict[str, Any]:
        return {
            "instructions": self.system,
            "input": [{"role": "user", "content": prompt}, *self._responses_items()],
            "tools": [_responses_tool(tool) for tool in self.tools],
            "tool_choice": _named(self.choice, {"type": "function", "name": self.choice}),
            "parallel_tool_calls": self.allows_parallel,
            "text": self._responses_form(),
            "max_output_tokens": self.cap,
        }

    def _responses_items(self) -> Iterator[dict[str, Any]]:
        for each in self.happened:
            kind, member = ("custom_tool_call", "input") if each.call.is_freeform else ("function_call", "arguments")
            yield {"type": kind, "call_id": each.call.id, "name": each.call.name, member: each.call.arguments}
            yield {"type": f"{kind}_output", "call_id": each.call.id, "output": each.result}

    def _responses_form(self) -> dict[str, Any] | None:
        if self.form is None:
            return None
        if self.form == "json":
            return {"format": {"type": "json_object"}}
        return {"format": {"type": "json_schema", "name": "answer", "schema": self.form, "strict": True}}


def _named(choice: str | None, tool: dict[str, Any]) -> str | dict[str, Any] | None:
    return choice if choice in {None, "required", "none"} else tool


def _schema(tool: AskedTool) -> Mapping[str, Any]:
    if tool.is_freeform:
        return {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
    return tool.schema


def _responses_tool(tool: AskedTool) -> dict[str, Any]:
    if tool.is_freeform:
        return {"type": "custom", "name": tool.name, "description": "edits files", "format": {"type": "text"}}
    return {"type": "function", "name": tool.name, "parameters": tool.schema, "strict": False}
