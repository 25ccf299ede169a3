"""What must hold before the router serves: a configuration is found, and its port is free."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING

from anvil_serving.errors import StartupError
from anvil_serving.files import user_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["claim_address", "find_config"]

_FILE = "anvil-serving.toml"


def find_config(folder: Path, environ: Mapping[str, str]) -> Path:
    """The configuration file for a `serve` that names none: of `folder`, else of the user.

    The user's is `anvil-serving/config.toml` under `XDG_CONFIG_HOME` (XDG Base Directory Specification) or `~/.config`.
    Raises `StartupError` when there is neither.
    """
    here = folder / _FILE
    users = user_folder(environ, "XDG_CONFIG_HOME") / "anvil-serving" / "config.toml"
    for path in (here, users):
        if path.is_file():
            return path
    raise StartupError(
        f"there is no configuration: neither ./{_FILE} nor {users} exists",
        hint="name one, let `anvil-serving init` write it for the engines that run here, or try "
        "`anvil-serving quickstart`, which needs none",
    )


def claim_address(host: str, port: int) -> tuple[str, int]:
    """The address to listen on: `host` as a number, and `port` if it is free, or one that the system chose for 0.

    It is bound and released, so another process may still take it before the server does; that is rare, and the server
    then says so in its own words. Raises `StartupError` when the address cannot be listened on.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":
                # Connections of a router that has just ended must not count; on Windows this would share a used port.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            bound = probe.getsockname()
            return str(bound[0]), int(bound[1])
    except OSError as error:
        raise _cannot_listen(host, port, error) from None


def _cannot_listen(host: str, port: int, error: OSError) -> StartupError:
    if error.errno == errno.EADDRINUSE:
        return StartupError(
            f"port {port} on {host} is already in use", hint="stop the program that listens there, or pass --port"
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return StartupError(f"port {port} on {host} needs privileges", hint="pass --port with a number above 1023")
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return StartupError(
            f"{host} is not an address of this machine", hint="pass --host 127.0.0.1 for this machine alone"
        )
    return StartupError(f"{host}:{port} cannot be listened on: {error.strerror or error}")
