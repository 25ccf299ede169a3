"""A prompt that is longer than a tier's window: how engines say it, and how clients have to be told.

Claude Code parses two sentences of Anthropic's: at the one it compacts the conversation, at the other it asks again at
once with a smaller cap. Clients of OpenAI's APIs look at the code, some at the words. Engines have words of their own.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

import msgspec

from anvil_serving.errors import ContextOverflow

if TYPE_CHECKING:
    from anvil_serving.router.plan import TooLong
    from anvil_serving.upstream import Outcome, Tier

__all__ = ["Overflow", "context_overflow", "prompt_too_long", "read_overflow"]

_STATUSES = {400, 413, 422, 500, None}
"""400 in most engines, 500 in llama.cpp for a while; none for an error inside a stream, which LM Studio sends."""

_NUMBER = r"[\d,]+"
_GROUPS = {"NUMBER": _NUMBER} | {name: rf"(?P<{name.lower()}>{_NUMBER})" for name in ("LIMIT", "PROMPT", "CAP")}

_WORDINGS = (
    # Anthropic
    r"prompt is too long: PROMPT tokens > LIMIT maximum",
    r"input length and `max_tokens` exceed context limit: PROMPT \+ CAP > LIMIT",
    # vLLM 0.12 and later; it stops counting where the prompt is too long for certain
    (
        r"maximum context length is LIMIT tokens\. However, you requested CAP output tokens and your prompt "
        r"contains (?P<least>at least )?PROMPT input tokens"
    ),
    (
        r"maximum context length is LIMIT tokens\. However, you requested CAP output tokens and your prompt "
        r"contains NUMBER characters"
    ),
    # vLLM 0.10 and 0.11
    r"is too large: CAP\. This model's maximum context length is LIMIT tokens and your request has PROMPT input",
    r"maximum context length is LIMIT tokens\. However, your request has PROMPT input tokens",
    r"decoder prompt \(length PROMPT\) is longer than the maximum model length of LIMIT",
    # OpenAI until 2025, vLLM before 0.10, DeepSeek, OpenRouter
    (
        r"maximum context length is LIMIT tokens[.,] however,? you requested (?:about )?NUMBER tokens "
        r"\(PROMPT (?:in the messages|in your prompt|of text input)(?:, NUMBER in the functions)?"
        r"(?:[,;] (?:and )?CAP (?:in|for) the completion)?"
    ),
    (
        r"maximum context length is LIMIT tokens[.,] however,? (?:you requested|your messages resulted in) "
        r"(?:about )?PROMPT tokens"
    ),
    # OpenAI
    r"input tokens exceed the configured limit of LIMIT tokens\. Your messages resulted in PROMPT tokens",
    r"exceeds the context window of this model",
    # SGLang
    r"the input \(PROMPT tokens\) is longer than the model's context length \(LIMIT tokens\)",
    (
        r"maximum context length of LIMIT tokens\. You requested a total of NUMBER tokens: PROMPT tokens from the "
        r"input messages and CAP tokens for the completion"
    ),
    r"input length \(PROMPT tokens\) exceeds the maximum allowed length \(LIMIT tokens\)",
    # llama.cpp, and what is built on it
    r"request \(PROMPT tokens\) exceeds the available context size \(LIMIT tokens\)",
    r"exceeds the available context size",
    r"context size has been exceeded",
    # LM Studio
    (
        r"keep the first PROMPT tokens when context the overflows\. However, the model is loaded with context "
        r"length of only LIMIT tokens"
    ),
    (
        r"tokens to keep from the initial prompt is greater than the context length"
        r"(?: \(n_keep: PROMPT\s*>= n_ctx: LIMIT\))?"
    ),
    # Ollama
    r"prompt too long; exceeded (?:max )?context length",
    r"input length exceeds (?:the )?(?:maximum )?context length",
    # Other clouds: Gemini, Mistral, Moonshot
    r"input token count \(PROMPT\) exceeds the maximum number of tokens allowed \(LIMIT\)",
    r"prompt contains PROMPT tokens [^.]{0,80}too large for model with LIMIT maximum context length",
    r"exceeded model token limit: LIMIT \(requested: PROMPT\)",
)
"""What says that a prompt is too long; a word in capitals stands for a number."""


class Overflow(msgspec.Struct, frozen=True):
    """What a tier says of a prompt that is too long; None for what it does not."""

    limit: int | None = None
    """Tokens of the window."""
    prompt: int | None = None
    cap: int | None = None
    """The most tokens that the answer was to have."""
    is_least: bool = False
    """Whether the prompt has so many tokens, or more."""


@functools.cache
def _wordings() -> tuple[re.Pattern[str], ...]:
    """Compiled when the first tier refuses something: most routers never need them."""
    spelt = (re.sub("|".join(_GROUPS), lambda name: _GROUPS[name[0]], wording) for wording in _WORDINGS)
    return tuple(re.compile(wording, re.IGNORECASE) for wording in spelt)


def read_overflow(words: str) -> Overflow | None:
    """What an error's words say, if they say that a prompt is too long."""
    for wording in _wordings():
        found = wording.search(words)
        if found is not None:
            said = found.groupdict()
            limit, prompt, cap = (_number(said.get(name)) for name in ("limit", "prompt", "cap"))
            return Overflow(limit, prompt, cap, is_least=said.get("least") is not None)
    return None


def context_overflow(
    tier: Tier, outcome: Outcome, dialect: str, *, estimated: int, cap: int | None
) -> ContextOverflow | None:
    """The caller's error, in the words of its dialect, if that is what the tier's failure says.

    What the tier does not say is taken from its settings, from our estimate of the prompt and from the caller's cap.
    """
    if outcome.status not in _STATUSES or outcome.tier_message is None:
        return None
    said = read_overflow(outcome.tier_message)
    if said is None:
        return None
    limit = said.limit or tier.settings.context_limit
    prompt = max(said.prompt, estimated) if said.prompt and said.is_least else said.prompt or estimated
    cap = said.cap or cap or 0
    fits_alone = prompt < limit < prompt + cap
    if not fits_alone:
        # An estimate may be lower than what the tier has counted.
        prompt = max(prompt, limit + 1)
    words, param = _WORDS[dialect]
    return ContextOverflow(words(prompt, cap if fits_alone else 0, limit), param=param)


def prompt_too_long(too_long: TooLong, dialect: str) -> ContextOverflow:
    """The caller's error when no tier that may answer has a window for the prompt, before any is asked."""
    words, param = _WORDS[dialect]
    return ContextOverflow(words(too_long.prompt_tokens, 0, too_long.context_limit), param=param)


def _number(digits: str | None) -> int | None:
    return int(digits.replace(",", "")) if digits and len(digits) < 16 else None


def _anthropics(prompt: int, cap: int, limit: int) -> str:
    if cap:
        return (
            f"input length and `max_tokens` exceed context limit: {prompt} + {cap} > {limit}, decrease input length or "
            "`max_tokens` and try again"
        )
    return f"prompt is too long: {prompt} tokens > {limit} maximum"


def _openais(prompt: int, cap: int, limit: int) -> str:
    window = f"This model's maximum context length is {limit} tokens. However, "
    if cap:
        return (
            f"{window}you requested {prompt + cap} tokens ({prompt} in the messages, {cap} in the completion). Please "
            "reduce the length of the messages or completion."
        )
    return f"{window}your messages resulted in {prompt} tokens. Please reduce the length of the messages."


def _openais_for_input(_prompt: int, _cap: int, _limit: int) -> str:
    return "Your input exceeds the context window of this model. Please adjust your input and try again."


_WORDS = {
    "messages": (_anthropics, None),
    "chat": (_openais, "messages"),
    "responses": (_openais_for_input, "input"),
}
