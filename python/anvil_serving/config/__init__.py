"""The configuration: TOML in, frozen structs out, or a report of everything that is wrong.

    parse (tomllib) -> legacy (what 0.7.1 wrote) -> shape (types and ranges) -> rules (between tables) -> Config

`schema.py` says what a file may hold; everything else, the JSON Schema and the reference included, is derived from it.
"""

from __future__ import annotations

from .bind import check_bind, is_loopback
from .budget import Period
from .effective import STARS, effective_document
from .gate import WindowKind
from .load import MAX_FILE_BYTES, load, loads
from .problems import InvalidConfig, Problem, report
from .reference import json_schema, reference_markdown
from .schema import (
    PRESET_WORK_CLASSES,
    WORK_CLASSES,
    Budget,
    Client,
    Config,
    Decisions,
    Document,
    Fallback,
    Health,
    NamedBudget,
    Router,
    Serve,
    Server,
    Tier,
    Timeouts,
    Verify,
    Window,
)
from .secrets import Secret, Secrets, resolve_secrets

__all__ = [
    "MAX_FILE_BYTES",
    "PRESET_WORK_CLASSES",
    "STARS",
    "WORK_CLASSES",
    "Budget",
    "Client",
    "Config",
    "Decisions",
    "Document",
    "Fallback",
    "Health",
    "InvalidConfig",
    "NamedBudget",
    "Period",
    "Problem",
    "Router",
    "Secret",
    "Secrets",
    "Serve",
    "Server",
    "Tier",
    "Timeouts",
    "Verify",
    "Window",
    "WindowKind",
    "check_bind",
    "effective_document",
    "is_loopback",
    "json_schema",
    "load",
    "loads",
    "reference_markdown",
    "report",
    "resolve_secrets",
]
