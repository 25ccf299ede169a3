"""What a chat template shows of a model: whether it thinks before it answers, and whether it takes tools.

Templates are programs of whoever made the model, and are not run: what is said here is read from their text, and may be
wrong.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from msgspec import Struct

__all__ = ["TEMPLATE_CAP", "Template", "ThinkingDefault", "read_template"]

TEMPLATE_CAP: Final = 64 * 1024
"""Characters of a template that are looked at; published ones have up to 20,000."""

ThinkingDefault = Literal["on", "off", "always"]
"""Thinks unless told not to; does not unless told to; has no switch."""


class Template(Struct, frozen=True, kw_only=True):
    """What is read from a chat template."""

    thinking: ThinkingDefault | None = None
    """None: nothing shows that it thinks."""
    thinking_switch: str | None = None
    """The template's variable that changes it, such as `enable_thinking`: a member of `chat_template_kwargs`."""
    tools: bool = False
    """Whether it tells the model of the tools that a request offers."""


_TOOLS: Final = re.compile(r"(?<![\w'\"])tools?\b(?!['\"])|\.Tools\b")
"""Jinja's `tools`; `.Tools` of Ollama's Go templates."""

_SWITCH: Final = re.compile(r"(?<![\w.'\"])(enable_thinking|thinking)\b(?!['\"])")

_OFF: Final = re.compile(
    r"set\s+SWITCH\s*=\s*false|SWITCH\s*\|\s*default\(\s*false|SWITCH\s+is\s+defined\s+else\s+false"
    r"|SWITCH\s+is\s+defined\s+and\s+SWITCH\b(?!\s*(?:is|==)\s*(?:false|not))".replace(
        "SWITCH", "(?:enable_thinking|thinking)"
    ),
    re.IGNORECASE,
)
"""A template that turns its switch off where it is not set, or asks that it be set and on."""


def read_template(text: str) -> Template:
    """What the text of a chat template shows. Jinja, or Ollama's Go templates."""
    text = text[:TEMPLATE_CAP]
    code = _code(text)
    thinking, switch = _thinking(text, code)
    return Template(thinking=thinking, thinking_switch=switch, tools=_TOOLS.search(code) is not None)


def _code(text: str) -> str:
    """What stands within braces, a line for each; a search for pairs of them would take long on a hostile text."""
    return "\n".join(piece.partition("}")[0] for piece in text.split("{")[1:])


def _thinking(text: str, code: str) -> tuple[ThinkingDefault | None, str | None]:
    if "reasoning_effort" in code:  # gpt-oss and others: an effort, not a switch
        return "on", "reasoning_effort"
    found = _SWITCH.search(code)
    if found is not None:
        return ("off" if _OFF.search(code) else "on"), found[1]
    # What follows the last question for a prompt is what an answer begins with: a model that always thinks has an open
    # <think> there; a closed one is an answer without.
    prompt = text[text.rfind("add_generation_prompt") :] if "add_generation_prompt" in text else ""
    start = prompt.find("<think>")
    return ("always", None) if start >= 0 and "</think>" not in prompt[start : start + 40] else (None, None)
