"""Scripts of tiers that count tokens, each in the way of its engine. None of them knows an engine's other paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes import answers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.fakes.steps import Step
    from tests.fakes.tier import Received

__all__ = ["anthropic", "llama_cpp", "none", "sglang", "vllm"]

_NOT_FOUND = answers.whole({"detail": "Not Found"}, 404)


def anthropic(received: Received) -> Iterable[Step]:
    """The vendor's own path; a member that is no part of a prompt is refused there."""
    if received.target != "/v1/messages/count_tokens":
        return [_NOT_FOUND]
    extra = set(received.json) - {"model", "messages", "system", "tools", "tool_choice", "thinking"}
    if extra:
        words = f"{min(extra)}: Extra inputs are not permitted"
        return [answers.whole({"type": "error", "error": {"type": "invalid_request_error", "message": words}}, 400)]
    return [answers.whole({"input_tokens": 41})]


def vllm(received: Received) -> Iterable[Step]:
    """A version that has no Messages: messages are counted beside the API."""
    if received.target == "/tokenize" and "messages" in received.json:
        return [answers.whole({"count": 42, "max_model_len": 8192, "tokens": [1] * 42, "token_strs": None})]
    return [_NOT_FOUND]


def llama_cpp(received: Received) -> Iterable[Step]:
    """A version that has no `count_tokens`. Without `content` there is nothing to count, which is no error there."""
    if received.target == "/apply-template":
        return [answers.whole({"prompt": "<user>" + received.json["messages"][-1]["content"]})]
    if received.target == "/tokenize":
        return [answers.whole({"tokens": list(range(len(received.json.get("content", ""))))})]
    return [answers.whole({"error": {"code": 404, "message": "File Not Found", "type": "not_found_error"}}, 404)]


def sglang(received: Received) -> Iterable[Step]:
    """Counts text alone, and has no way to say what text messages are."""
    if received.target == "/tokenize":
        return [answers.whole({"object": "error", "message": "prompt: Field required", "code": 400}, 400)]
    return [_NOT_FOUND]


def none(_: Received) -> Iterable[Step]:
    """Knows nothing of it."""
    return [_NOT_FOUND]
