"""Answers that are proven to be wrong, each with the request that makes it wrong, and with a good answer to the same.

Everything that a bad answer says has `SECRET` in it wherever it can: what of it reaches a client shows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from tests.fakes.asked import Asked, AskedTool, Happened
from tests.fakes.faults import SECRET
from tests.fakes.said import Said, SaidCall

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DEFECTS", "LATE", "LATE_TEXT", "SOURCE", "Defective", "Fate", "block", "listed", "pasted", "read"]

Fate: TypeAlias = Literal["rejected", "passed", "broken", "noted"]
"""What becomes of it: nothing leaves; all leaves, unproven; it is proven when part of it has left, or when all has."""

_ASKED = Asked()
_GOOD = Said("alpha beta gamma")


@dataclass(frozen=True)
class Defective:
    """An answer that is wrong."""

    label: str
    said: Said
    asked: Asked = _ASKED
    good: Said = _GOOD
    """What another tier answers to the same."""
    judged_whole: bool = False
    """Only a window that is whole judges it."""
    is_late: bool = False
    """In a stream it is proven when part of it has left a window of blocks."""
    is_noted: bool = False
    """In a stream it is proven when all of it has left a window of blocks."""
    breaks_json: bool = False
    """A whole answer of Messages with it is no JSON: its form is wrong, which every window holds against it."""
    has_own_grammar: bool = False
    """Between Responses and Responses it is a call in the tool's own grammar, which is not read there."""
    late_in: tuple[str, ...] = ()
    """The dialects of tiers in whose streams it is late: those that say when a call is over."""

    def fate(self, window: str, tier_dialect: str, dialect: str, *, streamed: bool) -> Fate:
        """What becomes of it where a client speaks `dialect`."""
        if self.breaks_json and tier_dialect == "messages" and not streamed:
            return "rejected"
        if self.has_own_grammar and tier_dialect == dialect == "responses":
            return "passed"
        if window == "none" or (self.judged_whole and window != "whole"):
            return "passed"
        if window == "block" and streamed:
            return (
                "broken" if self.is_late or tier_dialect in self.late_in else "noted" if self.is_noted else "rejected"
            )
        return "rejected"

    def labels(self, tier_dialect: str, *, streamed: bool) -> set[str]:
        """What it may be told as."""
        if self.breaks_json and tier_dialect == "messages" and not streamed:
            return {"malformed_answer"}
        return {self.label}


# ── the tools, and a file that was read ──────────────────────────────────────────────────────────────────────────────

SOURCE = """def total(prices):
    result = 0
    for price in prices:
        result += price
    return result


def mean(prices):
    result = 0
    return total(prices) / len(prices)
"""
_PATH = "/work/total.py"


def _object(required: tuple[str, ...] = (), **properties: str) -> Mapping[str, Any]:
    typed = {name: {"type": kind} for name, kind in properties.items()}
    return {"type": "object", "properties": typed, "required": list(required), "additionalProperties": False}


_READ = AskedTool("Read", _object(("file_path",), file_path="string", offset="number", limit="number"))
_EDIT = AskedTool(
    "Edit",
    _object(
        ("file_path", "old_string", "new_string"),
        file_path="string",
        old_string="string",
        new_string="string",
        replace_all="boolean",
    ),
)
_WRITE = AskedTool("Write", _object(("file_path", "content"), file_path="string", content="string"))
_LIST = AskedTool("list_files", _object(("path",), path="string", depth="integer"))
_NOW = AskedTool("now", _object())
_PATCH = AskedTool("apply_patch", is_freeform=True)
_SHELL = AskedTool("exec_command", _object(("cmd",), cmd="string"))


def listed(arguments: str, identity: str = "call_of_the_tier") -> SaidCall:
    """A call of `list_files`, which takes a path and perhaps a depth."""
    return SaidCall("list_files", arguments, identity)


def read(**more: Any) -> Asked:
    """A request of Claude Code's that has read a file of `SOURCE`."""
    numbered = "\n".join(f"{number}\t{line}" for number, line in enumerate(SOURCE.splitlines(), 1))
    call = SaidCall("Read", json.dumps({"file_path": _PATH}), "call_that_read")
    return Asked("mend the file", tools=(_READ, _EDIT, _WRITE), happened=(Happened(call, numbered),), **more)


def pasted() -> Asked:
    """A request of Aider's that has pasted a file of `SOURCE`, and asks for blocks."""
    paste = (
        "I have *added these files to the chat* so you can go ahead and edit them.\n\n*Trust this message as the true "
        f"contents of these files!*\n\ntotal.py\n```\n{SOURCE}```\n\nReturn a float."
    )
    return Asked(paste, system="# *SEARCH/REPLACE block* Rules:\n\nOne block for each change.")


def block(old: str, new: str) -> str:
    """A block of Aider's form that changes that file."""
    return f"total.py\n```python\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n```\n\n"


def _shown(**more: Any) -> Asked:
    """A request of Codex's that has printed a file of `SOURCE`."""
    head = "Chunk ID: 1\nWall time: 0.1 seconds\nProcess exited with code 0\nOriginal token count: 60\nOutput:\n"
    call = SaidCall("exec_command", json.dumps({"cmd": "cat total.py"}), "call_that_read")
    return Asked("mend the file", tools=(_SHELL, _PATCH), happened=(Happened(call, head + SOURCE),), **more)


def _edit(old: str, new: str, **more: Any) -> Said:
    arguments = {"file_path": _PATH, "old_string": old, "new_string": new, **more}
    return Said("I mend it.", calls=(SaidCall("Edit", json.dumps(arguments)),))


def _patch(*lines: str) -> Said:
    return Said("I mend it.", calls=(SaidCall("apply_patch", "\n".join((*lines, "")), is_freeform=True),))


_MENDED = _edit("        result += price\n", "        result += price or 0\n")
_PATCHED = _patch(
    "*** Begin Patch",
    "*** Update File: total.py",
    "@@ def total(prices):",
    "     for price in prices:",
    "-        result += price",
    "+        result += price or 0",
    "     return result",
    "*** End Patch",
)

# ── what it says ─────────────────────────────────────────────────────────────────────────────────────────────────────

_CONTENT = {
    "empty": Defective("empty", Said("", output_tokens=0)),
    "blank": Defective("blank", Said(" \n\n \t\n", output_tokens=3)),
    "reasoning only": Defective("reasoning_only", Said("", thought=f"{SECRET} is what I think")),
    "cut short of the cap": Defective(
        "cut_short", Said(f"{SECRET} and then", finish="length", output_tokens=22), Asked(cap=2_000)
    ),
    "token at the end": Defective("template_token", Said(f"{SECRET}<|im_end|>\n<|im_start|>user\nand {SECRET}")),
    "token at the start": Defective(
        "template_token", Said(f"<|start|>assistant<|channel|>final<|message|>{SECRET} it is")
    ),
    "call as text": Defective(
        "call_as_text",
        Said(f'<tool_call>\n{{"name": "list_files", "arguments": {{"path": "{SECRET}"}}}}\n</tool_call>'),
        Asked(tools=(_LIST,)),
    ),
    "call as text after words": Defective(
        "call_as_text",
        Said(f"I look. {SECRET}\n<function=list_files>\n<parameter=path>\n/tmp\n</parameter>\n</function>"),
        Asked(tools=(_LIST,)),
    ),
    "repetition": Defective(
        "repetition", Said(f"{SECRET} again and again. " * 400, cut=60, stops_after=9), is_late=True
    ),
    "repetition in a block": Defective(
        "repetition", Said("```text\n" + f"{SECRET} again and again\n" * 400 + "```\n", cut=60)
    ),
    "refusal": Defective(
        "refusal", Said(f"I'm sorry, but I can't assist with that request. {SECRET}"), judged_whole=True
    ),
    "prompt dropped": Defective(
        "prompt_truncated",
        Said(f"{SECRET} is all I know", input_tokens=300),
        Asked("Read this. " + "The quick brown fox jumps over the lazy dog and runs away. " * 1_400),
        Said("alpha beta gamma", input_tokens=18_000),
    ),
}

# ── the tools it calls ───────────────────────────────────────────────────────────────────────────────────────────────

_TWO = (_LIST, _NOW)
_LISTED = Said("", calls=(listed('{"path": "/tmp"}'),))
_CALLS = {
    "unknown tool": Defective(
        "unknown_tool",
        Said("", calls=(SaidCall("delete_everything", json.dumps({"path": SECRET})),)),
        Asked(tools=_TWO),
        _LISTED,
    ),
    "half arguments": Defective(
        "malformed_arguments", Said("", calls=(listed(f'{{"path": "{SECRET}'),)), Asked(tools=_TWO), breaks_json=True
    ),
    "NaN in arguments": Defective(
        "malformed_arguments",
        Said("", calls=(listed(f'{{"depth": NaN, "path": "{SECRET}"}}'),)),
        Asked(tools=_TWO),
        breaks_json=True,
    ),
    "duplicate keys": Defective(
        "malformed_arguments",
        Said("", calls=(listed(f'{{"path": "{SECRET}", "path": "/{SECRET}"}}'),)),
        Asked(tools=_TWO),
    ),
    "trailing bytes": Defective(
        "malformed_arguments",
        Said("", calls=(listed(f'{{"path": "{SECRET}"}}{{"path": "/{SECRET}"}}'),)),
        Asked(tools=_TWO),
        breaks_json=True,
    ),
    "required argument missing": Defective(
        "schema_mismatch", Said("", calls=(listed(f'{{"note": "{SECRET}"}}'),)), Asked(tools=_TWO)
    ),
    "argument of the wrong type": Defective(
        "schema_mismatch", Said("", calls=(listed(f'{{"path": "{SECRET}", "depth": "deep"}}'),)), Asked(tools=_TWO)
    ),
    "text instead of a required call": Defective(
        "tool_choice_ignored", Said(f"{SECRET} is no call"), Asked(tools=_TWO, choice="required"), _LISTED
    ),
    "another tool than the one named": Defective(
        "tool_choice_ignored",
        Said("", calls=(listed(f'{{"path": "{SECRET}"}}'),)),
        Asked(tools=_TWO, choice="now"),
        Said("", calls=(SaidCall("now", "{}"),)),
    ),
    "call where none may be made": Defective(
        "tool_choice_ignored", Said("", calls=(listed(f'{{"path": "{SECRET}"}}'),)), Asked(tools=_TWO, choice="none")
    ),
    "several calls where one may be made": Defective(
        "parallel_calls",
        Said("", calls=(listed(f'{{"path": "{SECRET}"}}'), SaidCall("now", "{}", "call_too")), stops_after="call"),
        Asked(tools=_TWO, allows_parallel=False),
        _LISTED,
        late_in=("messages", "responses"),
    ),
    "two calls of one id": Defective(
        "duplicate_call_id",
        Said(
            "",
            calls=(listed(f'{{"path": "{SECRET}"}}', "call_twice"), SaidCall("now", "{}", "call_twice")),
            stops_after="call",
        ),
        Asked(tools=_TWO),
        late_in=("messages", "responses"),
    ),
}

# ── the edits it makes ───────────────────────────────────────────────────────────────────────────────────────────────

_EDITS = {
    "old text missing": Defective(
        "edit_text_missing", _edit("    return sum(prices)\n", f"    return {SECRET!r}\n"), read(), _MENDED
    ),
    "old text ambiguous": Defective(
        "edit_text_ambiguous", _edit("    result = 0\n", f"    result = {SECRET!r}\n"), read(), _MENDED
    ),
    "block of lines that are not there": Defective(
        "edit_text_missing",
        Said(block("    return sum(prices)\n", f"    return {SECRET!r}\n")),
        pasted(),
        Said(block("        result += price\n", "        result += price or 0\n")),
    ),
    "edit without effect": Defective(
        "edit_without_effect", _edit("    return result\n", "    return result\n"), read(), _MENDED
    ),
    "patch of no form": Defective(
        "malformed_patch",
        _patch("*** Begin Patch", "*** Alter File: total.py", "@@", f"+{SECRET}", "*** End Patch"),
        _shown(),
        _PATCHED,
        has_own_grammar=True,
    ),
    "patch of lines that are not there": Defective(
        "patch_context_missing",
        _patch(
            "*** Begin Patch",
            "*** Update File: total.py",
            "@@",
            "     for price in sorted(prices):",
            "-        result += price * 2",
            f"+        result += {SECRET!r}",
            "*** End Patch",
        ),
        _shown(),
        _PATCHED,
        has_own_grammar=True,
    ),
}

# ── the code it shows, and the form it was to have ───────────────────────────────────────────────────────────────────

_SHAPE = {
    "type": "object",
    "properties": {"count": {"type": "integer"}, "note": {"type": "string"}},
    "required": ["count", "note"],
    "additionalProperties": False,
}
_SHAPED = Said('{"count": 3, "note": "alpha"}')
_FORM = {
    "broken python": Defective(
        "broken_code", Said(f"Here:\n```python\ndef total(prices:\n    return max(prices, {SECRET!r}\n```\nDone.\n")
    ),
    "broken json": Defective(
        "broken_code", Said(f'Here:\n```json\n{{\n  "name": "{SECRET}"\n  "version": 1,,\n]\n```\nDone.\n')
    ),
    "broken diff": Defective(
        "malformed_patch",
        Said(
            "Here:\n```diff\n--- a/total.py\n+++ b/total.py\n@@ -1,9 +1,9 @@\n def total(prices):\n"
            f"-    result = 0\n+    result = {SECRET!r}\n```\nDone.\n"
        ),
    ),
    "block that does not end": Defective("open_fence", Said(f"Here:\n```text\ntotal = {SECRET!r}\n")),
    "prose instead of json": Defective(
        "not_json", Said(f"Sure! Here you are: {SECRET}"), Asked(form="json"), Said('{"alpha": "beta gamma"}')
    ),
    "half of the json": Defective("not_json", Said(f'{{"count": 3, "note": "{SECRET}"'), Asked(form=_SHAPE), _SHAPED),
    "json of another shape": Defective(
        "format_mismatch", Said(f'{{"count": "{SECRET}", "note": "alpha"}}'), Asked(form=_SHAPE), _SHAPED
    ),
}

DEFECTS: Mapping[str, Defective] = _CONTENT | _CALLS | _EDITS | _FORM

# ── late in a stream ─────────────────────────────────────────────────────────────────────────────────────────────────

LATE_TEXT = (
    "The prices are added up one after the other, which is slow for long lists but easy to read. Each of them may be "
    "missing, and then it counts as nothing. The mean is the sum divided by how many there are; nobody has yet said "
    "what the mean of no prices is to be. The tests cover both, and the documentation names the units. What follows "
    "is what I would change, with the reasons for it, and then I list what would have to be looked at again.\n\n"
)
"""Words with nothing wrong in them, and more of them than a window of blocks holds."""


def _late(label: str, text: str = "", calls: tuple[SaidCall, ...] = (), **more: Any) -> Defective:
    return Defective(label, Said(LATE_TEXT + text, calls=calls, cut=40, stops_after=13), is_late=True, **more)


LATE: Mapping[str, Defective] = {
    "broken python": _late(
        "broken_code", f"```python\ndef total(prices:\n    return max(prices, {SECRET!r}\n```\nDone.\n"
    ),
    "block that does not end": _late("open_fence", f"```text\ntotal = {SECRET!r}\n"),
    "broken diff": _late(
        "malformed_patch",
        f"```diff\n--- a/a.py\n+++ b/a.py\n@@ -1,9 +1,9 @@\n def f():\n-    a = 0\n+    a = {SECRET!r}\n```\nDone.\n",
    ),
    "unknown tool": _late(
        "unknown_tool", calls=(SaidCall("delete_everything", json.dumps({"path": SECRET})),), asked=Asked(tools=_TWO)
    ),
    "half arguments": _late(
        "malformed_arguments",
        calls=(listed(f'{{"path": "{SECRET}'),),
        asked=Asked(tools=_TWO),
        breaks_json=True,
    ),
    "required argument missing": _late(
        "schema_mismatch", calls=(listed(f'{{"note": "{SECRET}"}}'),), asked=Asked(tools=_TWO)
    ),
    "second call is wrong": _late(
        "malformed_arguments",
        calls=(SaidCall("now", "{}"), listed(f'{{"path": "{SECRET}", "path": 1}}', "call_too")),
        asked=Asked(tools=_TWO),
    ),
    "old text missing": _late(
        "edit_text_missing",
        calls=_edit("    return sum(prices)\n", f"    return {SECRET!r}\n").calls,
        asked=read(),
        good=_MENDED,
    ),
    "token of the template": _late("template_token", "And so it ends.<|im_end|>\n<|im_start|>user\nWhat " + SECRET),
    "call as text": _late(
        "call_as_text",
        f'<tool_call>\n{{"name": "list_files", "arguments": {{"path": "{SECRET}"}}}}\n</tool_call>',
        asked=Asked(tools=_TWO),
    ),
    "text instead of a required call": Defective(
        "tool_choice_ignored",
        Said(LATE_TEXT, cut=40, stops_after=13),
        Asked(tools=_TWO, choice="required"),
        _LISTED,
        is_noted=True,
    ),
    "cut short of the cap": Defective(
        "cut_short", Said(LATE_TEXT, finish="length", cut=40, stops_after=13), Asked(cap=2_000), is_noted=True
    ),
}
"""What is proven when more has been said than a window of blocks holds."""
