"""A TOML file as text and as a parsed document; what is wrong with it gets its line."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from anvil_serving.files import FileTooLarge, NotRegular, read_file

from .locate import locate
from .problems import Finding, InvalidConfig, Problem, key_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["MAX_FILE_BYTES", "invalid", "parse", "placed", "read_text"]

MAX_FILE_BYTES = 1024 * 1024
"""Largest configuration file. The examples are a hundredth of it; a larger one is the wrong file."""

MAX_KEY_PARTS = 1_000
"""Parts of a dotted key, which no setting comes near."""

_VALUE = re.compile(r"[=\"'#]")
_TOML_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)\Z")


def read_text(path: Path, *, if_missing: str) -> str:
    """The text of a file; `~` is the home folder. Raises `InvalidConfig`; `if_missing` is the hint where none is."""
    name = str(path)
    try:
        data = read_file(path.expanduser(), cap=MAX_FILE_BYTES)
    except FileNotFoundError:
        raise invalid(name, 0, "there is no such file", if_missing) from None
    except NotRegular as error:  # a pipe may never end
        raise invalid(name, 0, f"cannot be read: {error}", "name a file") from None
    except FileTooLarge:
        raise invalid(name, 0, "is larger than 1 MiB", "check the path: a configuration is a few KiB") from None
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise invalid(name, 0, f"cannot be read: {reason}", "check the path and its permissions") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise invalid(name, line, "is not UTF-8", "save the file as UTF-8") from None


def parse(text: str, name: str) -> dict[str, Any]:
    """The document that `text` describes. Raises `InvalidConfig`; `name` is what the report calls it."""
    _check_keys(text, name)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = _TOML_PLACE.search(message)
        line = text.count("\n") + 1
        if place is not None:
            message = message[: place.start()]
            if place["line"]:
                line = int(place["line"])
                message += f" (column {place['column']})"
        raise invalid(name, line, f"is not TOML: {message}", "correct the line; toml.io describes the format") from None
    except RecursionError:
        raise invalid(name, 0, "is nested too deeply", "no setting needs more than a few levels") from None
    except ValueError as error:  # a number with more digits than Python converts
        raise invalid(name, 0, f"is not TOML: {error}", "shorten the number") from None


def _check_keys(text: str, name: str) -> None:
    # tomllib takes seconds for a key of some 10,000 parts, and time that grows with their square.
    for number, line in enumerate(text.splitlines(), start=1):
        if line.count(".") > MAX_KEY_PARTS and _VALUE.split(line, maxsplit=1)[0].count(".") > MAX_KEY_PARTS:
            raise invalid(name, number, "has a key of too many parts", "no setting needs more than a few levels")


def placed(findings: Iterable[Finding], text: str, name: str) -> tuple[Problem, ...]:
    """The findings with their lines, in the order of the file."""
    found = list(findings)
    if not found:
        return ()
    lines = locate(text)
    problems = [
        Problem(
            file=name,
            line=lines.of(finding.path),
            key=key_text(finding.path),
            message=finding.message,
            hint=finding.hint,
        )
        for finding in found
    ]
    return tuple(sorted(problems, key=lambda problem: problem.line))


def invalid(name: str, line: int, message: str, hint: str) -> InvalidConfig:
    """A report of one problem of the file itself."""
    return InvalidConfig((Problem(file=name, line=line, key="", message=message, hint=hint),))
