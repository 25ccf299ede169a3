"""What labels mean, for a person: those of `anvil-upstream`, of `anvil-verify` and of the router."""

from __future__ import annotations

from typing import Final

__all__ = ["DEFECTS", "OUTCOMES", "defect", "outcome"]

OUTCOMES: Final = {
    "name_not_found": "its host name is not known",
    "refused": "it refused the connection",
    "unreachable": "it cannot be reached",
    "tls": "no secure connection could be made",
    "proxy": "the proxy before it failed",
    "connect_timeout": "no connection in time",
    "first_byte_timeout": "no first byte in time",
    "idle_timeout": "its answer stalled",
    "total_timeout": "its answer took too long",
    "reset": "it broke the connection",
    "closed": "it closed the connection without an answer",
    "not_http": "it does not speak HTTP",
    "redirect": "it answered with a redirect, which is not followed",
    "encoded": "it compressed its answer, which was not asked for",
    "status": "it answered with an error",
    "stream_cut": "its answer ended before it was finished",
    "no_answer": "its answer ended before it began",
    "malformed_event": "part of its answer is not of its dialect",
    "malformed_answer": "its answer is not of its dialect",
    "wrong_content_type": "its answer has another content type than was asked for",
    "too_large": "its answer is larger than its cap",
    "tier_error": "it reported an error inside its answer",
    "model_unknown": "it does not say which one model it serves",
    "untranslatable": "its dialect cannot say the request",
    "queue_full": "no place, and too many waiting for one",
    "queue_timeout": "no place in time",
    "breaker_open": "it was left alone: it had failed others meanwhile",
    "retries_spent": "it was not asked again: too many were",
    "budget_spent": "it was not asked: what was left of a budget has been spent meanwhile",
    "budget_held": "it was not asked: others have set aside what was left of a budget",
    "budget_unknown": "it was not asked: it costs, and what is left of a budget, or its price, is not known",
    "deadline": "the time for all attempts was over",
    "client_left": "the caller left meanwhile",
    "engine_closed": "the router was ending",
    "panicked": "the router itself failed",
}
"""What an attempt can come to besides an answer, a status and a defect."""

DEFECTS: Final = {
    "empty": "there was nothing in its answer",
    "blank": "there was only white space in its answer",
    "reasoning_only": "it thought, and did not answer",
    "cut_short": "its answer was cut short, and not by the caller's cap",
    "template_token": "a token of a chat template stood in its answer",
    "call_as_text": "it wrote a tool call as text",
    "repetition": "it said the same thing over and over",
    "refusal": "it declined",
    "low_confidence": "it was less sure of its words than is demanded",
    "prompt_truncated": "it had read only part of the prompt",
    "unknown_tool": "it called a tool that was not offered",
    "malformed_arguments": "the arguments of a tool call are no JSON",
    "schema_mismatch": "the arguments of a tool call do not follow the tool's schema",
    "tool_choice_ignored": "it did not keep to the tool choice",
    "parallel_calls": "it called several tools where one at most was wanted",
    "duplicate_call_id": "two of its tool calls have the same id",
    "edit_text_missing": "an edit replaces text that is not in the file",
    "edit_text_ambiguous": "an edit replaces text that is in the file several times",
    "edit_without_effect": "an edit changes nothing",
    "malformed_patch": "a patch cannot be read",
    "patch_context_missing": "a patch changes lines that are not in the file",
    "broken_code": "code in its answer cannot be parsed",
    "open_fence": "a block of code in its answer has no end",
    "not_json": "JSON was asked for, and its answer is none",
    "format_mismatch": "its answer does not follow the schema that was asked for",
}
"""What can be wrong with the content of an answer."""

_REPAIRED = "repaired:"


def outcome(label: str) -> str:
    """An outcome's label, for it is what lists and metrics show, and its meaning where it is known here."""
    return _with_meaning(label, OUTCOMES.get(label) or DEFECTS.get(label))


def defect(label: str) -> str:
    """A defect's label with its meaning, and whether it was mended."""
    found = label.removeprefix(_REPAIRED)
    said = _with_meaning(found, DEFECTS.get(found))
    return f"{said}; mended" if found != label else said


def _with_meaning(label: str, meaning: str | None) -> str:
    return label if meaning is None else f"{label}: {meaning}"
