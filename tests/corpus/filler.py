"""Material of a given size that looks like what it is called: logs, code, diffs, traces, prose, JSON."""

from __future__ import annotations

import inspect
import json
import unittest
from functools import cache

__all__ = ["FIRST_ANSWER", "FIRST_ASK", "document", "history", "pasted"]

FIRST_ASK = "Have a look around in this repository first."
FIRST_ANSWER = "I have read the files."

_LOG = (
    "2026-11-2{digit} 03:1{digit}:07.{number:03d} INFO  [worker-{digit}] http.server request_id=8f{number:04x} "
    "GET /api/v1/items/{number} 200 {digit}ms\n"
    "2026-11-2{digit} 03:1{digit}:08.{number:03d} WARN  [worker-{digit}] pool.connections acquired after {number} ms, "
    "waiting=1{digit}\n"
    "2026-11-2{digit} 03:1{digit}:09.{number:03d} ERROR [worker-{digit}] db.query timeout after 30000 ms: "
    "SELECT * FROM items WHERE id = {number}\n"
)
_TRACE = (
    '  File "/srv/app/handlers/part_{digit}.py", line {number}, in handle_{digit}\n'
    "    return self.next_handler(request, context={number})\n"
)
_PROSE = (
    "In the {number}th year the keeper of the lamp wrote down what the ships had told him, and few believed it. "
    "The harbour lay open to the west, and {digit} boats came back where {number} had gone out. "
)
_DIFF = (
    "diff --git a/src/part_{number}.py b/src/part_{number}.py\n"
    "--- a/src/part_{number}.py\n+++ b/src/part_{number}.py\n@@ -{number},3 +{number},4 @@ def run_{digit}():\n"
    "     first = load({digit})\n-    return first\n+    second = first or {number}\n+    return second\n"
)


def pasted(kind: str, size: int) -> str:
    """Material of a kind, about `size` bytes long."""
    if kind == "code":
        return f"```python\n{_code(size)}\n```"
    if kind == "json":
        return json.dumps(
            [{"id": number, "name": f"item {number}", "ok": number % 3 > 0} for number in range(size // 42)]
        )
    template = {"log": _LOG, "trace": _TRACE, "prose": _PROSE, "diff": _DIFF}[kind]
    text = _repeated(template, size)
    return f"Traceback (most recent call last):\n{text}ValueError: bad value" if kind == "trace" else text


def history(size: int) -> str:
    """What a tool has read, about `size` bytes long."""
    return _code(size)


def document() -> str:
    """An attached document of 20 KiB."""
    return _repeated(_PROSE, 20 * 1024)


def _repeated(template: str, size: int) -> str:
    parts: list[str] = []
    length = number = 0
    while length < size:
        number += 1
        parts.append(template.format(number=number, digit=number % 10))
        length += len(parts[-1])
    return "".join(parts)[:size]


@cache
def _source() -> str:
    return inspect.getsource(unittest.case)


def _code(size: int) -> str:
    source = _source()
    return (source * (size // len(source) + 1))[:size]
