"""From a file to a valid `Config`, or to a report of everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from .document import MAX_FILE_BYTES, invalid, parse, placed, read_text
from .legacy import modernise
from .problems import InvalidConfig
from .rules import rule_findings
from .schema import Config, Document
from .serve import serve_findings
from .shape import shape_findings

__all__ = ["MAX_FILE_BYTES", "load", "loads"]


def load(path: Path) -> Config:
    """Read a configuration file; `~` is the home folder.

    Raises `InvalidConfig`, which is a `ConfigError`, with every problem of the file.
    """
    text = read_text(Path(path), if_missing="check the path; `anvil-serving init` writes a configuration")
    return loads(text, name=str(path))


def loads(text: str, *, name: str) -> Config:
    """Validate the text of a configuration file; `name` is what the report calls it.

    Raises `InvalidConfig`, which is a `ConfigError`, with every problem of the text, in the order of the lines.
    """
    document, findings = modernise(parse(text, name))
    findings += shape_findings(document, Document)
    findings += rule_findings(document)
    findings += serve_findings(document)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        warnings = [finding for finding in findings if finding.severity == "warning"]
        raise InvalidConfig(placed(errors, text, name), warnings=placed(warnings, text, name))
    try:
        valid = msgspec.convert(document, Document)
    except msgspec.ValidationError as error:  # `shape` missed it: still a report, if a poorer one
        raise invalid(name, 0, str(error), "correct the value; docs/configuration.md lists what is allowed") from None
    return Config(
        server=valid.server,
        router=valid.router,
        serve=valid.serve,
        decisions=valid.decisions,
        source=name,
        warnings=placed(findings, text, name),
    )
