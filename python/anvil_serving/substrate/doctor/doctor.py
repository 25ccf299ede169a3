"""Whether this machine can serve: every check there is, and what to do about what is not right."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from anvil_serving.config import Config, InvalidConfig, Problem, Server, resolve_secrets
from anvil_serving.errors import StartupError
from anvil_serving.substrate.at_once import at_once
from anvil_serving.substrate.engine import address_of, identify
from anvil_serving.substrate.manifest import ManifestMissing, find_manifest, load_manifest
from anvil_serving.substrate.models.roots import hub_cache_folder
from anvil_serving.substrate.serve import claim_address

from .check import Check, Diagnosis, Status
from .config_check import check_config
from .machine_checks import docker_checks, extension_check, gpu_check, log_check, python_check, weights_check
from .tier_checks import tier_checks

if TYPE_CHECKING:
    from anvil_serving.config import Secret, Tier

__all__ = ["Examination", "diagnose"]

_MOST_PROBLEMS: Final = 3
"""Problems of a configuration that are repeated here; `config check` says all."""
_MEBIBYTE: Final = 1024 * 1024


class Examination(Struct, frozen=True, kw_only=True):
    """What to look at."""

    config: Path | None
    """The configuration; None: there is none."""
    no_config_because: str | None = None
    """Why there is none, where one should be; None: none is wanted."""
    folder: Path
    """Where a manifest of serves may lie."""
    environ: Mapping[str, str]
    may_probe: bool = False
    """Whether tiers that cost nothing may be asked for tokens."""
    further: tuple[Callable[[Config], object], ...] = ()
    """What else `serve` would refuse of a configuration; see `check_config`."""
    log_of: Callable[[Config], Path]
    """Where a configuration has its log of decisions."""


def diagnose(examination: Examination) -> Diagnosis:
    """Makes all checks. Reads only, but for the tokens of `may_probe`; sends each key to its own tier alone."""
    checks = [python_check(sys.version_info[:3]), extension_check()]
    check, config = _config(examination)
    checks.append(check)
    if config is not None:
        checks += _of_config(config, examination)
    checks += _serves(config, examination)
    checks += [gpu_check(), weights_check(hub_cache_folder(examination.environ))]
    return Diagnosis(is_healthy=all(check.status != "fail" for check in checks), checks=tuple(checks))


def _config(examination: Examination) -> tuple[Check, Config | None]:
    path = examination.config
    if path is None:
        if examination.no_config_because is None:
            return Check(name="config", status="skip", seen="not wanted"), None
        remedy = "`anvil-serving init` writes one for the engines that run here"
        return Check(name="config", status="warn", seen=examination.no_config_because, remedy=remedy), None
    found, config = check_config(path, examination.further)
    problems = (*found.errors, *found.warnings)
    seen = "; ".join(_words(each) for each in problems[:_MOST_PROBLEMS])
    if len(problems) > _MOST_PROBLEMS:
        seen += f"; and {len(problems) - _MOST_PROBLEMS} more"
    if not problems:
        return Check(name="config", status="ok", seen=str(path)), config
    status: Status = "warn" if found.is_valid else "fail"
    remedy = f"{problems[0].hint}; `anvil-serving config check {shlex.quote(str(path))}` says all"
    return Check(name="config", status=status, seen=seen, remedy=remedy), config


def _words(problem: Problem) -> str:
    line = f"line {problem.line}: " if problem.line else ""
    key = f"{problem.key}: " if problem.key else ""
    return f"{line}{key}{problem.message}"


def _of_config(config: Config, examination: Examination) -> list[Check]:
    def of_tier(tier: Tier) -> list[Check]:
        return tier_checks(tier, _secret(config, tier, examination.environ), may_probe=examination.may_probe)

    checks = [_keys(config, examination.environ), _port(config)]
    for found in at_once(of_tier, config.router.tiers):
        checks += found
    if config.decisions.enabled:
        checks.append(_log(config, examination))
    return checks


def _log(config: Config, examination: Examination) -> Check:
    try:
        return log_check(examination.log_of(config), config.decisions.keep_mib * _MEBIBYTE)
    except StartupError as error:
        return Check(name="decisions", status="fail", seen=str(error), remedy=error.hint)


def _serves(config: Config | None, examination: Examination) -> list[Check]:
    """Docker, where the configuration or a manifest beside it has serves; and what is wrong with that manifest."""
    try:
        manifest = load_manifest(find_manifest(examination.folder, examination.environ))
    except ManifestMissing:
        return docker_checks() if config is not None and config.serve else []
    except InvalidConfig as error:
        if config is None and examination.config is not None:
            return []  # the configuration has them, and is told to be wrong
        problem = error.problems[0]
        seen = f"{problem.file}, {_words(problem)}"
        return [Check(name="serves", status="fail", seen=seen, remedy=problem.hint)]
    return docker_checks() if manifest.serves else []


def _secret(config: Config, tier: Tier, environ: Mapping[str, str]) -> Secret | None:
    """The tier's own key, whether or not others are there."""
    alone = replace(config, server=Server(), router=replace(config.router, tiers=(tier,)))
    try:
        return resolve_secrets(alone, environ).tiers.get(tier.id)
    except InvalidConfig:
        return None


def _keys(config: Config, environ: Mapping[str, str]) -> Check:
    try:
        secrets = resolve_secrets(config, environ)
    except InvalidConfig as error:
        seen = "; ".join(map(_words, error.problems))
        return Check(name="keys", status="fail", seen=seen, remedy=error.problems[0].hint)
    if secrets.warnings:
        seen = "; ".join(map(_words, secrets.warnings))
        return Check(name="keys", status="warn", seen=seen, remedy=secrets.warnings[0].hint)
    named = [
        config.server.auth_env,
        *(client.auth_env for client in config.server.clients),
        *(tier.auth_env for tier in config.router.tiers),
    ]
    variables = list(dict.fromkeys(name for name in named if name is not None))
    if not variables:
        return Check(name="keys", status="skip", seen="the configuration names none")
    return Check(name="keys", status="ok", seen=f"set: {', '.join(variables)}")


def _port(config: Config) -> Check:
    host, port = config.server.host, config.server.port
    try:
        claim_address(host, port)
    except StartupError as error:
        return _taken(host, port, error)
    return Check(name="port", status="ok", seen=f"{host}:{port} is free" if port else "the system chooses one")


def _taken(host: str, port: int, error: StartupError) -> Check:
    found = identify(address_of(host, port))
    if found.state == "router":
        return Check(name="port", status="ok", seen=f"{found.seen} listens at {host}:{port} already")
    seen = str(error) if found.state == "nothing" else f"{error}: {found.seen}"
    remedy = "stop the program that listens there, or set another [server] port"
    return Check(name="port", status="fail", seen=seen, remedy=remedy)
