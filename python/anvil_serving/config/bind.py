"""Which addresses a router may listen on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anvil_serving.errors import ConfigError

if TYPE_CHECKING:
    from .schema import Config

__all__ = ["check_bind", "is_loopback"]


def check_bind(config: Config, host: str, *, insecure: bool) -> None:
    """Refuse to listen where others reach a router that asks for no token, unless `insecure` says that this is meant.

    `host` is the address that will be bound, which the command line may have set. Raises `ConfigError`.
    """
    if insecure or config.server.auth_env is not None or config.server.clients or is_loopback(host):
        return
    raise ConfigError(
        f"{host or 'every address'} can be reached from other machines, and no token is asked for: "
        "set [server] auth_env, or pass --insecure-no-auth if that is meant",
        hint='auth_env = "ANVIL_ROUTER_TOKEN" names the variable that holds the token; host = "127.0.0.1" needs none',
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`. Names other than localhost are not looked up: reachable."""
    import ipaddress  # noqa: PLC0415 - needed once, at the start of `serve`

    bare = host.strip().removeprefix("[").removesuffix("]").lower()
    if bare == "localhost":
        return True
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
