"""A server of the Model Context Protocol on its standard streams, with one tool: it writes a file where it runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_TOOL = {
    "name": "write_file",
    "description": "Writes a file.",
    "inputSchema": {
        "type": "object",
        "properties": {"path": {"type": "string"}, "content": {"type": "string"}},
        "required": ["path", "content"],
    },
}


def _answer(method: str, asked: dict[str, Any]) -> dict[str, Any]:
    match method:
        case "initialize":
            server = {"name": "forge", "version": "1"}
            return {"protocolVersion": asked["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": server}
        case "tools/list":
            return {"tools": [_TOOL]}
        case "tools/call":
            given = asked["arguments"]
            Path(given["path"]).write_text(given["content"], encoding="utf-8", newline="")
            return {"content": [{"type": "text", "text": "written"}]}
        case _:
            return {}


for line in sys.stdin:
    request = json.loads(line)
    if "id" in request:  # the others are notices
        result = _answer(request["method"], request.get("params", {}))
        print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
