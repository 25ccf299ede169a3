"""Everything that is wrong with a configuration file, as a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from anvil_serving.config import Config, InvalidConfig, Problem, check_bind, load
from anvil_serving.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["ConfigCheck", "check_config"]


class ConfigCheck(Struct, frozen=True, kw_only=True):
    """What was found."""

    file: str
    is_valid: bool
    """Whether `serve` would take it; warnings are no hindrance."""
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def check_config(path: Path, further: Iterable[Callable[[Config], object]] = ()) -> tuple[ConfigCheck, Config | None]:
    """Reads a file and collects every problem of it; with it the configuration, None where the file itself is wrong.

    `further` are asked once the file itself is right: what else `serve` would refuse besides an address that others
    reach without a token, told by `ConfigError`.
    """
    try:
        config = load(path)
    except InvalidConfig as error:
        return ConfigCheck(file=str(path), is_valid=False, errors=error.problems, warnings=error.warnings), None
    errors = tuple(problem for ask in (_check_bind, *further) if (problem := _objection(ask, config)) is not None)
    return ConfigCheck(file=str(path), is_valid=not errors, errors=errors, warnings=config.warnings), config


def _check_bind(config: Config) -> None:
    check_bind(config, config.server.host, insecure=False)


def _objection(ask: Callable[[Config], object], config: Config) -> Problem | None:
    try:
        ask(config)
    except ConfigError as error:
        return Problem(file=config.source, line=0, key="", message=str(error), hint=error.hint or "")
    return None
