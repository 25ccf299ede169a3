"""The answers that are measured: what a model says of a task, and the ways in which it goes wrong."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from tests.fakes.asked import Asked, AskedTool, Happened
from tests.fakes.said import Said, SaidCall

TOKEN = 4
"""Characters of one event: about a token."""
_READ_TOKENS = 1_200
"""Of the request, as a tier counts: fewer would be a prompt that it has cut."""
CAP = 4_096
"""Tokens after which a model that does not stop is stopped."""

_SOURCE = "".join(
    f"def price_{number}(items):\n    total = {number}\n    for item in items:\n        total += item.price\n"
    "    return total\n\n\n"
    for number in range(12)
)
_PATH = "/work/prices.py"
_PARAGRAPH = (
    "The prices are added up one after the other, which is slow for long lists but easy to read. Each of them may be "
    "missing, and then it counts as nothing. What follows is what I would change, with the reasons for it.\n\n"
)
_CODE = "```python\ndef total(prices: list[int]) -> int:\n    return sum(price or 0 for price in prices)\n```\n\n"
_DIFF = (
    "```diff\n--- a/prices.py\n+++ b/prices.py\n@@ -1,3 +1,3 @@\n def price_0(items):\n-    total = 0\n"
    "+    total = 0.0\n     for item in items:\n```\n\n"
)


def _object(required: str, **properties: str) -> dict[str, Any]:
    typed = {name: {"type": kind} for name, kind in properties.items()}
    return {"type": "object", "properties": typed, "required": required.split(), "additionalProperties": False}


_TOOLS = (
    AskedTool("Read", _object("file_path", file_path="string", offset="number", limit="number")),
    AskedTool(
        "Edit",
        _object(
            "file_path old_string new_string",
            file_path="string",
            old_string="string",
            new_string="string",
            replace_all="boolean",
        ),
    ),
    AskedTool("Write", _object("file_path content", file_path="string", content="string")),
)
_READ = Happened(
    SaidCall("Read", json.dumps({"file_path": _PATH}), "call_that_read"),
    "\n".join(f"{number}\t{line}" for number, line in enumerate(_SOURCE.splitlines(), 1)),
)
ASKED = Asked("mend the file", tools=_TOOLS, happened=(_READ,))
"""A harness's request, of a file that was read."""

_ROW = {"name": "basket", "count": 3, "tags": ["fruit", "fresh"], "price": 1.25}
_FORM = {
    "type": "object",
    "properties": {"rows": {"type": "array", "items": {"type": "object", "required": list(_ROW)}}},
    "required": ["rows"],
    "additionalProperties": False,
}
ASKED_FOR_FORM = Asked("list them", form=_FORM)
"""A request of JSON."""


def _edit(old: str, new: str, identity: str = "call_1") -> SaidCall:
    return SaidCall("Edit", json.dumps({"file_path": _PATH, "old_string": old, "new_string": new}), identity)


_OLD, _NEW = "\n".join(_SOURCE.splitlines()[:40]), "\n".join(_SOURCE.splitlines()[:40]).replace("total", "amount")
PROSE = Said((_PARAGRAPH * 2 + _CODE + _DIFF) * 4, calls=(_edit(_OLD, _NEW),), input_tokens=_READ_TOKENS, cut=TOKEN)
"""Text with code and diffs in it, then an edit."""
FORMED = Said(json.dumps({"rows": [_ROW] * 40}), input_tokens=_READ_TOKENS, cut=TOKEN)
"""JSON."""
GOOD = Said("alpha beta gamma", input_tokens=_READ_TOKENS)


class Defect(NamedTuple):
    """An answer that is wrong somewhere and goes on all the same."""

    label: str
    said: Said
    asked: Asked = ASKED
    good: Said = GOOD
    """What the other tier answers."""
    tokens: int | None = None
    """How many there would be, where the answer has but the first of them."""


def _text(begun: str, **more: Any) -> Said:
    return Said(begun + _PARAGRAPH * 5, input_tokens=_READ_TOKENS, cut=TOKEN, **more)


def _call(*calls: SaidCall) -> Said:
    return Said("I mend it.", calls=calls, input_tokens=_READ_TOKENS, cut=TOKEN)


_BIG = _edit(_OLD, _NEW).arguments
DEFECTS = (
    Defect("cut_short", _text("", finish="length", output_tokens=250)),
    Defect("reasoning_only", Said("", thought=_PARAGRAPH * 5, input_tokens=_READ_TOKENS, cut=TOKEN)),
    Defect("template_token", _text(_PARAGRAPH + "It ends.<|im_end|>\n<|im_start|>user\n")),
    Defect("call_as_text", _text('I look.\n<tool_call>\n{"name": "Read", "arguments": {"file_path": "a"}}\n')),
    Defect("repetition", Said("And so on and on. " * 800, cut=TOKEN), tokens=CAP),
    Defect("unknown_tool", _call(SaidCall("Replace", _BIG))),
    Defect("malformed_arguments", _call(SaidCall("Edit", _BIG.replace('"new_string": "', '"new_string": NaN, "'))),),
    Defect("schema_mismatch", _call(SaidCall("Edit", _BIG.replace("old_string", "old_text")))),
    Defect("edit_text_missing", _call(_edit("    return sum(prices)\n", _NEW))),
    Defect("broken_code", _text(_PARAGRAPH + _CODE.replace("prices)\n", "prices\n", 1).replace("int]", "int", 1))),
    Defect("malformed_patch", _text(_PARAGRAPH + _DIFF.replace("@@ -1,3 +1,3", "@@ -1,9 +1,9"))),
    Defect("not_json", _text("Sure! Here they are: "), ASKED_FOR_FORM, FORMED),
)  # fmt: skip
