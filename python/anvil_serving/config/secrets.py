"""The secrets that a configuration names, read from the environment once, before anything is served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

from msgspec import Struct

from .problems import InvalidConfig, Problem

if TYPE_CHECKING:
    from .schema import Config

__all__ = ["Secret", "Secrets", "resolve_secrets"]

_STARS = "********"


class Secret:
    """A value that must not be seen: it prints as stars and refuses to be pickled or copied.

    `reveal()` is the only way to the value. Two secrets are never equal; compare what a caller sent with `matches()`.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """The value itself, for the header of a request and nothing else."""
        return self.__value

    def matches(self, candidate: str) -> bool:
        """Whether `candidate` is the value, in a time that does not depend on where the two differ."""
        import hmac  # noqa: PLC0415 - pulls OpenSSL in; a router without authentication never needs it

        return hmac.compare_digest(self.__value.encode(), candidate.encode("utf-8", "surrogateescape"))

    def digest(self) -> str:
        """The SHA-256 of the value, in hexadecimal: two secrets are compared by it, and configurations may hold it."""
        import hashlib  # noqa: PLC0415 - as above

        return hashlib.sha256(self.__value.encode()).hexdigest()

    def __repr__(self) -> str:
        return f"Secret({_STARS})"

    def __str__(self) -> str:
        return _STARS

    def __format__(self, _specification: str) -> str:
        return _STARS

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied")


class Secrets(Struct, frozen=True, kw_only=True):
    """Everything `auth_env` named, resolved."""

    server: Secret | None
    """The token that callers must present; `None`: no authentication."""
    tiers: Mapping[str, Secret]
    """The key for each tier's server, by tier id; a tier without one is called without a key."""
    clients: Mapping[str, Secret] = {}
    """The token of each client that has its in the environment, by the client's name."""
    warnings: tuple[Problem, ...] = ()


def resolve_secrets(config: Config, environ: Mapping[str, str]) -> Secrets:
    """Read the variables that `config` names from `environ`; surrounding white space is dropped.

    Raises `InvalidConfig`, which is a `ConfigError`, naming every variable that is unset, blank or unfit for a header.
    Only a local tier does without: files written for 0.7.1 had to name a variable even for servers that ask for no key,
    so there a missing one is a warning.
    """
    errors: list[Problem] = []
    warnings: list[Problem] = []
    server: Secret | None = None
    if config.server.auth_env is not None:
        server = _read(config.server.auth_env, environ)
        if server is None:
            errors.append(_unusable(config, "server.auth_env", config.server.auth_env, environ))
    clients: dict[str, Secret] = {}
    for index, client in enumerate(config.server.clients):
        if client.auth_env is None:
            continue
        token = _read(client.auth_env, environ)
        if token is not None:
            clients[client.name] = token
        else:
            errors.append(_unusable(config, f"server.clients[{index}].auth_env", client.auth_env, environ))
    tiers: dict[str, Secret] = {}
    for index, tier in enumerate(config.router.tiers):
        if tier.auth_env is None:
            continue
        key = _read(tier.auth_env, environ)
        if key is not None:
            tiers[tier.id] = key
            continue
        problem = _unusable(config, f"router.tiers[{index}].auth_env", tier.auth_env, environ)
        optional = tier.privacy == "local" and not environ.get(tier.auth_env, "").strip()
        (warnings if optional else errors).append(problem)
    errors += _shared_tokens(config, server, clients)
    if errors:
        raise InvalidConfig(tuple(errors))
    return Secrets(server=server, tiers=tiers, clients=clients, warnings=tuple(warnings))


def _shared_tokens(config: Config, server: Secret | None, clients: Mapping[str, Secret]) -> list[Problem]:
    """Clients whose token is somebody else's too: nobody could tell which rights it means."""
    seen: set[str] = set() if server is None else {server.digest()}
    problems: list[Problem] = []
    for index, client in enumerate(config.server.clients):
        token = clients.get(client.name)
        digest = (client.auth_sha256 or "").lower() if token is None else token.digest()
        if digest and digest in seen:
            message = f"the token of client {client.name} is also another's, whose rights it would have"
            key = f"server.clients[{index}]"
            problems.append(Problem(file=config.source, line=0, key=key, message=message, hint="give it its own token"))
        seen.add(digest)
    return problems


def _read(name: str, environ: Mapping[str, str]) -> Secret | None:
    value = environ.get(name, "").strip()
    return Secret(value) if value and _fits_header(value) else None


def _fits_header(value: str) -> bool:
    """Whether a value may stand in a header: visible ASCII (RFC 9110, section 5.5, without its obsolete part)."""
    return all("!" <= character <= "~" for character in value)


def _unusable(config: Config, key: str, name: str, environ: Mapping[str, str]) -> Problem:
    value = environ.get(name)
    if value is None:
        message = f"the environment variable {name} is not set"
    elif not value.strip():
        message = f"the environment variable {name} is blank"
    else:
        message = f"the environment variable {name} holds characters that no header may carry"
    hint = f"export {name}, or remove this auth_env if the server asks for no key"
    if key == "server.auth_env":
        hint = f"export {name}, or remove [server] auth_env to serve without authentication on a loopback address"
    return Problem(file=config.source, line=0, key=key, message=message, hint=hint)
