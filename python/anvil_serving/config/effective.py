"""A configuration with every default written out, and with stars where a secret may stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from .schema import Document

if TYPE_CHECKING:
    from .schema import Config

__all__ = ["STARS", "effective_document"]

STARS: Final = "********"

_FREE: Final = frozenset({"extra_body", "extra_body_defaults"})
"""Members of a tier that may hold anything."""
_URLS: Final = frozenset({"base_url", "replicas", "proxy"})
"""A path of an address may hold a key; whether its host does is for `url.py` to refuse."""
_SECRET_NAME = re.compile(r"key|token(?!i[sz]er)|secret|passw|credential|auth(?!ors?\b)|cookie|bearer", re.IGNORECASE)
_SECRET_NUMBER = re.compile(r"secret|passw|credential|api.?key", re.IGNORECASE)
"""Names of secrets that may be numbers; `max_tokens` is none."""
# How vendors' keys begin: OpenAI and Anthropic, Hugging Face, GitHub, Google, AWS, Slack, GitLab, NVIDIA; and what a
# header or an assignment would say.
_SECRET_VALUE = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-|hf_|gh[pousr]_|github_pat_|AIza|AKIA|ASIA|xox[abpr]-|glpat-|nvapi-)[\w.-]{8,}"
    r"|(?<=Bearer )\S{4,}|(?<=Basic )\S{4,}"
)
_ASSIGNMENT = re.compile(r"(\w*(?:KEY|TOKEN|SECRET|PASSW)\w*[= ])\S+", re.IGNORECASE)


def effective_document(config: Config) -> dict[str, Any]:
    """What the file would say if it said everything, as TOML has it: what is unset is left out.

    Read again it is the same configuration, unless stars took the place of something.
    """
    document = {
        field: msgspec.to_builtins(getattr(config, field), str_keys=True) for field in Document.__struct_fields__
    }
    return {key: _shown(value, key, is_free=False) for key, value in document.items()}


def _shown(value: Any, name: str, *, is_free: bool) -> Any:
    """A value without what is unset; in members that may hold anything, `name` decides as well."""
    if isinstance(value, dict):
        return {
            key: _shown(member, f"{name} {key}" if is_free else key, is_free=is_free or key in _FREE)
            for key, member in value.items()
            if member is not None
        }
    if isinstance(value, list | tuple):
        return [_shown(member, name, is_free=is_free) for member in value]
    if isinstance(value, str):
        return _text(value, name, is_free=is_free)
    if is_free and not isinstance(value, bool) and _SECRET_NUMBER.search(name):
        return STARS
    return value


def _text(value: str, name: str, *, is_free: bool) -> str:
    if is_free and _SECRET_NAME.search(name):
        return STARS
    if name == "up":
        return _ASSIGNMENT.sub(rf"\1{STARS}", _SECRET_VALUE.sub(STARS, value))
    return _SECRET_VALUE.sub(STARS, value) if is_free or name in _URLS else value
