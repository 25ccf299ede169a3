"""What is wrong with a configuration, as values and as a report."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from anvil_serving.errors import ConfigError

__all__ = ["Finding", "InvalidConfig", "Path", "Problem", "key_text", "report"]

Path = tuple[str | int, ...]
"""Keys and array indexes from the top of the document to a value."""

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Finding(Struct, frozen=True, kw_only=True):
    """A problem that knows its place in the document, but not yet in the file."""

    path: Path
    message: str
    hint: str
    severity: Literal["error", "warning"] = "error"


class Problem(Struct, frozen=True, kw_only=True):
    """One thing to look at in a configuration file."""

    file: str
    line: int
    """Counted from 1; 0 where the problem has no line (a missing file, an environment variable)."""
    key: str
    """Dotted path, such as `router.tiers[0].base_url`; empty where the problem is the file itself."""
    message: str
    hint: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        key = f" {self.key}:" if self.key else ""
        return f"{place}:{key} {self.message}\n  hint: {self.hint}"


class InvalidConfig(ConfigError):
    """The configuration cannot be used. `str(error)` is the report; `problems` are the same as values, in its order.

    `warnings` are what else was noticed: allowed, but probably not meant.
    """

    def __init__(self, problems: tuple[Problem, ...], *, warnings: tuple[Problem, ...] = ()) -> None:
        super().__init__(report(problems))
        self.problems = problems
        self.warnings = warnings


def report(problems: tuple[Problem, ...]) -> str:
    """All problems for a person to read: two lines each, where it is and what is wrong, then what to do."""
    return "\n".join(str(problem) for problem in problems)


def key_text(path: Path) -> str:
    """A path as a person writes it, with keys quoted where TOML needs that."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        text += ("." if text else "") + (part if _BARE.match(part) else _quoted(part))
    return text


def _quoted(key: str) -> str:
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    escaped = _CONTROL.sub(lambda match: "\\u" + format(ord(match[0]), "04x"), escaped)
    return f'"{escaped}"'
