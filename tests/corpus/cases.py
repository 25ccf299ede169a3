"""The cases, and the request that each of them would be: the harness's recorded one around the case's own text."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec

from tests.corpus import filler

__all__ = ["Case", "Paste", "body_of", "cases"]

_HERE = Path(__file__).parent
_WIRE = _HERE.parent / "wire"
_DIALECTS = {
    "claude-code": "messages",
    "codex": "responses",
    "opencode": "chat",
    "aider": "chat",
    "cline": "chat",
    "plain": "chat",
}
_KIB = 1024


class Paste(msgspec.Struct, frozen=True):
    """Material in the text."""

    kind: str
    kilobytes: int


class Case(msgspec.Struct, frozen=True, rename={"work_class": "class"}, forbid_unknown_fields=True):
    """One request of the corpus; README.md says what each member means."""

    id: str
    work_class: str
    harness: str
    language: str
    text: str
    role: str | None = None
    paste: Paste | None = None
    history: int = 0
    documents: int = 0
    images: int = 0
    effort: str | None = None
    tools: tuple[str, ...] = ()
    also: str | None = None
    why: str | None = None

    @property
    def is_held_back(self) -> bool:
        """Whether nobody may look at it to choose a phrase or a weight."""
        return not self.id.startswith("t") and hashlib.sha256(self.id.encode()).digest()[0] % 3 == 0

    @property
    def dialect(self) -> str:
        return _DIALECTS[self.harness]

    @property
    def said(self) -> str:
        """The text with its material in its place."""
        if self.paste is None:
            return self.text
        return self.text.replace("{paste}", filler.pasted(self.paste.kind, self.paste.kilobytes * _KIB))

    def allows(self, work_class: str) -> bool:
        """Whether a careful person would call it that."""
        return work_class in (self.work_class, self.also)


def cases() -> list[Case]:
    """All of them."""
    lines = (line for file in sorted(_HERE.glob("*.jsonl")) for line in file.read_bytes().splitlines())
    return [msgspec.json.decode(line, type=Case) for line in lines]


def body_of(case: Case) -> bytes:
    """The request's body."""
    body = _MAKERS[case.harness](case)
    return json.dumps(body, ensure_ascii=False).encode()


def _recorded(dialect: str, name: str) -> dict[str, Any]:
    document = json.loads((_WIRE / dialect / name / "request.json").read_bytes())
    assert isinstance(document, dict)
    return document


def _marked(case: Case) -> list[dict[str, str]]:
    """What the prompts of this harness in this role say, as measured."""
    marks = json.loads((_HERE / "prompts.json").read_bytes())
    return [mark for mark in marks if mark["harness"] == case.harness and mark["role"] == case.role]


def _system_of(case: Case, usual: str) -> str:
    marks = [mark for mark in _marked(case) if mark["where"] == "system"]
    return marks[0]["text"] if marks else usual


def _injected(case: Case) -> str | None:
    marks = [mark for mark in _marked(case) if mark["where"] == "injected"]
    return marks[0]["text"] if marks else None


# ── Claude Code ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _claude_code(case: Case) -> dict[str, Any]:
    body = _recorded("messages", "claude_code_title" if case.role == "title" else "claude_code_first")
    if case.role in ("compaction", "title", "explore-agent", "plan-agent", "review-agent"):
        body["system"][-1]["text"] = _system_of(case, body["system"][-1]["text"])
    if case.effort is not None:
        body["output_config"] = {**body.get("output_config", {}), "effort": case.effort}
    reminder = body["messages"][0]["content"][0]
    parts: list[dict[str, Any]] = [] if case.role == "title" else [reminder]
    parts += [_messages_image()] * case.images + [_messages_document()] * case.documents
    injected = _injected(case)
    if injected is not None:
        parts.append({"type": "text", "text": f"<system-reminder>\n{injected}\n</system-reminder>"})
    said = f"<session>\n{case.said}\n</session>" if case.role == "title" else case.said
    parts.append({"type": "text", "text": said, "cache_control": {"type": "ephemeral"}})
    last = {"role": "user", "content": parts}
    if case.history:
        opening = {"role": "user", "content": [reminder, {"type": "text", "text": filler.FIRST_ASK}]}
        read = {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"file_path": "/repo/a"}}
        result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": filler.history(case.history * _KIB)}
        body["messages"] = [
            opening,
            {"role": "assistant", "content": [read]},
            {"role": "user", "content": [result]},
            {"role": "assistant", "content": [{"type": "text", "text": filler.FIRST_ANSWER}]},
            last,
        ]
    else:
        body["messages"] = [last, *body["messages"][1:]]
    return body


def _messages_image() -> dict[str, Any]:
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}


def _messages_document() -> dict[str, Any]:
    return {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": filler.document()}}


# ── Codex ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _codex(case: Case) -> dict[str, Any]:
    body = _recorded("responses", "codex")
    developer, more, environment = body["input"][:3]
    if case.role == "review-agent":
        developer["content"][0]["text"] = _system_of(case, developer["content"][0]["text"])
    if case.effort is not None:
        body["reasoning"] = {"effort": case.effort, "summary": "auto"}
    items = [developer, more, environment]
    if case.history:
        call = {"type": "function_call", "name": "exec_command", "arguments": '{"cmd":"cat a"}', "call_id": "call_1"}
        output = {"type": "function_call_output", "call_id": "call_1", "output": filler.history(case.history * _KIB)}
        items += [_codex_message("user", filler.FIRST_ASK), call, output]
        items.append(_codex_message("assistant", filler.FIRST_ANSWER))
    injected = _injected(case)
    if injected is not None:
        items.append(_codex_message("developer", injected))
    content: list[dict[str, Any]] = [{"type": "input_text", "text": case.said}]
    content += [{"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}] * case.images
    content += [{"type": "input_file", "filename": "a.txt", "file_data": filler.document()}] * case.documents
    items.append({"type": "message", "role": "user", "content": content})
    body["input"] = items
    return body


def _codex_message(role: str, text: str) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


# ── those that speak Chat Completions ────────────────────────────────────────────────────────────────────────────────


def _opencode(case: Case) -> dict[str, Any]:
    body = _recorded("chat", "opencode_loop")
    return _chat(case, body, system=_system_of(case, body["messages"][0]["content"]), quoted=True)


def _aider(case: Case) -> dict[str, Any]:
    body = _recorded("chat", "aider")
    return _chat(case, body, system=_system_of(case, body["messages"][0]["content"]))


def _cline(case: Case) -> dict[str, Any]:
    names = ("read_file", "write_to_file", "replace_in_file", "execute_command", "search_files", "list_files")
    body = {"model": "x", "stream": True, "tools": [_function(name) for name in names]}
    return _chat(case, body, system=_system_of(case, "You are Cline, a highly skilled software engineer."))


def _plain(case: Case) -> dict[str, Any]:
    body: dict[str, Any] = {"model": "x", "stream": True}
    if case.tools:
        body["tools"] = [_function(name) for name in case.tools]
    return _chat(case, body, system=None)


def _chat(case: Case, body: dict[str, Any], *, system: str | None, quoted: bool = False) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [] if system is None else [{"role": "system", "content": system}]
    if case.role in ("title", "commit-message", "compaction"):
        body.pop("tools", None)
    if case.history:
        messages.append({"role": "user", "content": filler.FIRST_ASK})
        if body.get("tools"):
            name = body["tools"][0]["function"]["name"]
            call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": "{}"}}
            messages.append({"role": "assistant", "content": "", "tool_calls": [call]})
            output = filler.history(case.history * _KIB)
            messages.append({"role": "tool", "tool_call_id": "call_1", "content": output})
        else:
            messages[-1]["content"] += "\n\n" + filler.history(case.history * _KIB)
        messages.append({"role": "assistant", "content": filler.FIRST_ANSWER})
    said = f'"{case.said}"' if quoted and case.role is None else case.said
    parts: list[dict[str, Any]] = []
    injected = _injected(case)
    if case.harness == "cline":
        mode = "PLAN MODE" if case.role == "plan-mode" else "ACT MODE"
        parts.append({"type": "text", "text": f"<task>\n{said}\n</task>"})
        details = f"<environment_details>\n# Current Mode\n{injected or mode}\n</environment_details>"
        parts.append({"type": "text", "text": details})
    else:
        parts.append({"type": "text", "text": said})
        if injected is not None:
            parts.append({"type": "text", "text": f"<system-reminder>\n{injected}\n</system-reminder>"})
    parts += [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}] * case.images
    file = {"filename": "a.txt", "file_data": filler.document()}
    parts += [{"type": "file", "file": file}] * case.documents
    content: Any = parts[0]["text"] if len(parts) == 1 else parts
    messages.append({"role": "user", "content": content})
    body["messages"] = messages
    if case.effort is not None:
        body["reasoning_effort"] = case.effort
    return body


def _function(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}


_MAKERS = {
    "claude-code": _claude_code,
    "codex": _codex,
    "opencode": _opencode,
    "aider": _aider,
    "cline": _cline,
    "plain": _plain,
}
