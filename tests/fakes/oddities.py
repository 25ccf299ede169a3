"""Answers that look wrong and are right, each with the request that makes it right: no check may touch them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.fakes.asked import Asked, AskedTool, Happened
from tests.fakes.defects import LATE_TEXT, block, listed, pasted, read
from tests.fakes.said import Said, SaidCall

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ODDITIES", "Oddity"]

_ASKED = Asked()
_ALL = ("messages", "chat", "responses")


@dataclass(frozen=True)
class Oddity:
    """An answer that is right."""

    said: Said
    asked: Asked = _ASKED
    dialects: tuple[str, ...] = _ALL
    """The clients that can ask for it."""
    is_understood: bool = True
    """Whether the checks understand it; what they do not, they let pass."""


_LIST = AskedTool(
    "list_files",
    {
        "type": "object",
        "properties": {"path": {"type": "string"}, "depth": {"type": "integer"}},
        "required": ["path"],
        "additionalProperties": False,
    },
)
_NOW = AskedTool("now", {"type": "object", "properties": {}})
_PATCH = AskedTool("apply_patch", is_freeform=True)
_INPUT = AskedTool("apply_patch", {"type": "object", "properties": {"input": {"type": "string"}}})
_PATCH_TEXT = "*** Begin Patch\n*** Add File: made.py\n+def made():\n+    return 1\n*** End Patch\n"
_FLOAT = block("        result += price\n", "        result += float(price)\n")
_ROUND = block("        result += float(price)\n", "        result += round(float(price), 2)\n")
_ADDED = block("", "\n\ndef most(prices):\n    return max(prices)\n")
_MOST = block("def most(prices):\n", "def most(prices: list[float]) -> float:\n")
_CLINE = "*** Update File: total.py\n@@\n def total(price):\n-    result = 0\n+    result = 0.0\n"
_TOLD = (
    "clean\n\n<system-reminder>\nNote: /work/total.py changed on disk since you last read it. Here are the relevant "
    "changes:\n3\t    for value in prices:\n4\t        result += value\n</system-reminder>"
)
_OLD = "    for price in prices:\n        result += price\n"
_EDIT = {"file_path": "/work/total.py", "old_string": _OLD, "new_string": _OLD.replace("price\n", "float(price)\n")}

ODDITIES: Mapping[str, Oddity] = {
    "json with comments": Oddity(
        Said('Put this there:\n```jsonc\n{\n  // the port\n  "port": 8080, /* or 80 */\n}\n```\n')
    ),
    "comments in what calls itself json": Oddity(
        Said('Put this there:\n```json\n{\n  // the port\n  "port": 8080,\n  ...\n}\n```\n')
    ),
    "piece of a class": Oddity(
        Said("Change it so:\n```python\n    def area(self):\n        # ...\n        return self.width**2\n```\n")
    ),
    "piece of an object": Oddity(Said('Add:\n```json\n"scripts": {\n  "build": "tsc"\n},\n```\n')),
    "else without if": Oddity(Said("And:\n```javascript\n} else {\n  retry();\n}\n```\n")),
    "doctest": Oddity(Said("Try it:\n```python\n>>> total([1, 2])\n3\n>>> total([])\n0\n```\n")),
    "diff as an illustration": Oddity(
        Said("Like this:\n```diff\n- result = 0\n+ result = 0.0\n```\nand nothing else.\n")
    ),
    "diff with something left out": Oddity(
        Said("So:\n```diff\n--- a/total.py\n+++ b/total.py\n@@ ... @@\n-    result = 0\n+    result = 0.0\n```\n")
    ),
    "block within a block": Oddity(
        Said("Write:\n````markdown\nUse a fence:\n\n```python\nprint(1)\n```\n\nand so on.\n````\nThat is all.\n")
    ),
    "fences in a line": Oddity(Said("A block begins with ` ``` ` and ends with ` ``` `, on lines of their own.")),
    "template tokens that were asked for": Oddity(
        Said("In ChatML `<|im_start|>` opens a turn and `<|im_end|>` closes it."),
        Asked("What do <|im_start|> and <|im_end|> mean in a prompt?"),
    ),
    "call in a text where no tool is offered": Oddity(
        Said('Hermes models write <tool_call>{"name": "f", "arguments": {}}</tool_call> when they call a tool.')
    ),
    "search and replace": Oddity(Said(f"Here is the change:\n\n{_FLOAT}"), pasted()),
    "block that changes what the one before has written": Oddity(Said(_FLOAT + _ROUND), pasted()),
    "block that changes what the one before has added": Oddity(Said(_ADDED + _MOST), pasted()),
    "block that nobody asked for": Oddity(
        Said(block("    return sum(prices)\n", "    return 0\n")), replace(pasted(), system="Answer questions.")
    ),
    "edit of a file that changed, as the harness told": Oddity(
        Said("", calls=(SaidCall("Edit", json.dumps(_EDIT | {"old_string": "        result += value\n"})),)),
        replace(
            read(), happened=(*read().happened, Happened(SaidCall("Bash", '{"command": "git status"}', "b"), _TOLD))
        ),
    ),
    "patch of a harness that adds its ends": Oddity(
        Said("", calls=(SaidCall("apply_patch", json.dumps({"input": _CLINE})),)), Asked(tools=(_INPUT,))
    ),
    "edit that applies": Oddity(Said("", calls=(SaidCall("Edit", json.dumps(_EDIT)),)), read()),
    "freeform patch": Oddity(
        Said("", calls=(SaidCall("apply_patch", _PATCH_TEXT, is_freeform=True),)), Asked(tools=(_PATCH,))
    ),
    "cap of one token, reached by nothing": Oddity(Said("", finish="length", output_tokens=1), Asked(cap=1)),
    "cap of one token, reached": Oddity(Said("a", finish="length", output_tokens=1), Asked(cap=1)),
    "cap reached in a block": Oddity(
        Said("So:\n```python\ndef total(prices:\n", finish="length", output_tokens=50), Asked(cap=50)
    ),
    "cap reached after much": Oddity(Said(LATE_TEXT, finish="length", output_tokens=120, cut=40), Asked(cap=120)),
    "call without arguments": Oddity(Said("", calls=(SaidCall("now", ""),)), Asked(tools=(_LIST, _NOW))),
    "call with an empty object": Oddity(Said("", calls=(SaidCall("now", "{}"),)), Asked(tools=(_LIST, _NOW))),
    "several calls": Oddity(
        Said("I look.", calls=(listed('{"path": "/a"}'), listed('{"path": "/b", "depth": 2}', "call_too"))),
        Asked(tools=(_LIST, _NOW)),
    ),
    "required call": Oddity(Said("", calls=(listed('{"path": "/a"}'),)), Asked(tools=(_LIST, _NOW), choice="required")),
    "thought before a call": Oddity(
        Said("", thought="I look there.", calls=(listed('{"path": "/a"}'),)), Asked(tools=(_LIST,))
    ),
    "what cannot be found": Oddity(Said("I'm sorry, but I can't find the file. Where is it?")),
    "regular table": Oddity(Said("".join(f"| {n} | {n * n} | even |\n" for n in range(60)), cut=40)),
    "json that was asked for": Oddity(
        Said('{"count": 3}'),
        Asked(form={"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}),
    ),
    "two choices": Oddity(
        Said("alpha", other_texts=("beta",)), Asked(choices=2), dialects=("chat",), is_understood=False
    ),
}
