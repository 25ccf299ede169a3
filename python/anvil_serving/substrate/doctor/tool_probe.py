"""One real request that offers a tool, and whether the answer calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from anvil_serving.layout import printable
from anvil_serving.substrate.inquiry import Reply, Server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anvil_serving.config import Tier

    from .check import Status

__all__ = ["TOOL_REMEDIES", "probe_tools"]

PROBE_SECONDS: Final = 180.0
"""A model that has to be loaded first, or thinks before it calls, takes minutes."""
_ANSWER_TOKENS: Final = 2_048
_TOOL: Final = "get_weather"
_SHOWN: Final = 200

TOOL_REMEDIES: Final[Mapping[str, str]] = {
    "vLLM": "start it with --enable-auto-tool-choice and --tool-call-parser, or set tool_support = false",
    "SGLang": "start it with --tool-call-parser, or set tool_support = false",
    "llama.cpp": "start it with --jinja and a model that calls tools, or set tool_support = false",
    "Ollama": "choose a model that ollama.com lists with tools, or set tool_support = false",
    "LM Studio": "choose a model that is marked for tool use, or set tool_support = false",
    "other": "choose a model that calls tools, or set tool_support = false",
}


class _Function(Struct):
    name: str
    arguments: str


class _Call(Struct):
    function: _Function


class _Message(Struct):
    content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(Struct):
    message: _Message


class _Answer(Struct):
    choices: list[_Choice]


def probe_tools(tier: Tier, url: str, model: str, headers: Mapping[str, str]) -> tuple[Status, str]:
    """Asks for the weather with a tool that tells it, with the tier's own additions to requests; what came of it."""
    document: dict[str, Any] = {
        **(tier.extra_body_defaults or {}),
        "model": model,
        "messages": [{"role": "user", "content": "What is the weather in Paris now? Use the tool."}],
        "tools": [{"type": "function", "function": _FUNCTION}],
        "max_tokens": min(_ANSWER_TOKENS, tier.max_output_tokens or _ANSWER_TOKENS),
        "stream": False,
        **(tier.extra_body or {}),
    }
    server = Server(url, seconds=PROBE_SECONDS, headers=headers, question_seconds=PROBE_SECONDS)
    reply = server.ask("/v1/chat/completions", document)
    if not isinstance(reply, Reply):
        return "fail", f"a request that offers a tool has no answer: {reply.reason}"
    if reply.status != 200:
        words = printable(reply.body[:_SHOWN].decode(errors="replace"))
        return "fail", f"a request that offers a tool is answered {reply.status}: {words}"
    answer = reply.read(_Answer)
    if answer is None or not answer.choices:
        return "fail", "a request that offers a tool gets no answer of Chat Completions"
    return _verdict(answer.choices[0].message)


def _verdict(message: _Message) -> tuple[Status, str]:
    calls = message.tool_calls or []
    if not calls:
        if _TOOL in (message.content or ""):
            return "fail", "it wrote the call as text, which no harness executes"
        return "warn", "it answered in words instead of calling the tool"
    if calls[0].function.name != _TOOL:
        return "fail", f"it called {printable(calls[0].function.name)[:40]}, which was not offered"
    try:
        msgspec.json.decode(calls[0].function.arguments, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return "fail", "it called the tool with arguments that are no JSON"
    return "ok", "it called the tool that it was offered"


_FUNCTION: Final = {
    "name": _TOOL,
    "description": "The weather in a city, now.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
