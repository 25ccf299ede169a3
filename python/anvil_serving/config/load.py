"""From a file to a valid `Config`, or to a report of everything that is wrong with it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from .legacy import modernise
from .locate import locate
from .problems import Finding, InvalidConfig, Problem, key_text
from .rules import rule_findings
from .schema import Config, Document
from .shape import shape_findings

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MAX_FILE_BYTES", "load", "loads"]

MAX_FILE_BYTES = 1024 * 1024
"""Largest configuration file. The examples are a hundredth of it; a larger one is the wrong file."""

_TOML_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)\Z")


def load(path: Path) -> Config:
    """Read a configuration file; `~` is the home folder.

    Raises `InvalidConfig`, which is a `ConfigError`, with every problem of the file.
    """
    name = str(path)
    try:
        with Path(path).expanduser().open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise _invalid(
            name, 0, "there is no such file", "check the path, or copy one of the examples in configs/"
        ) from None
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _invalid(name, 0, f"cannot be read: {reason}", "check the path and its permissions") from None
    if len(data) > MAX_FILE_BYTES:
        raise _invalid(name, 0, "is larger than 1 MiB", "check the path: a configuration is a few KiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _invalid(name, line, "is not UTF-8", "save the file as UTF-8") from None
    return loads(text, name=name)


def loads(text: str, *, name: str) -> Config:
    """Validate the text of a configuration file; `name` is what the report calls it.

    Raises `InvalidConfig`, which is a `ConfigError`, with every problem of the text, in the order of the lines.
    """
    document, findings = modernise(_parse(text, name))
    findings += shape_findings(document, Document)
    findings += rule_findings(document)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise InvalidConfig(_placed(errors, text, name))
    try:
        valid = msgspec.convert(document, Document)
    except msgspec.ValidationError as error:  # `shape` missed it: still a report, if a poorer one
        raise _invalid(name, 0, str(error), "correct the value; docs/configuration.md lists what is allowed") from None
    return Config(
        server=valid.server,
        router=valid.router,
        serve=valid.serve,
        decisions=valid.decisions,
        source=name,
        warnings=_placed(findings, text, name),
    )


def _parse(text: str, name: str) -> dict[str, Any]:
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
        raise _invalid(
            name, line, f"is not TOML: {message}", "correct the line; toml.io describes the format"
        ) from None
    except RecursionError:
        raise _invalid(name, 0, "is nested too deeply", "no setting needs more than a few levels") from None
    except ValueError as error:  # a number with more digits than Python converts
        raise _invalid(name, 0, f"is not TOML: {error}", "shorten the number") from None


def _placed(findings: Iterable[Finding], text: str, name: str) -> tuple[Problem, ...]:
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


def _invalid(name: str, line: int, message: str, hint: str) -> InvalidConfig:
    return InvalidConfig((Problem(file=name, line=line, key="", message=message, hint=hint),))
