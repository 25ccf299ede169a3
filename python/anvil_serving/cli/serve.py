"""`anvil-serving serve`: the router before the tiers of a configuration."""

from __future__ import annotations

import os
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from .configuration import loaded
from .output import say

__all__ = ["serve"]


def serve(
    config: Annotated[
        Path | None,
        typer.Option(
            help="Configuration file. Otherwise ./anvil-serving.toml, then ~/.config/anvil-serving/config.toml.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of the file's.")] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Port to listen on, instead of the file's; 0 takes a free one."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Worker processes, instead of the file's.")
    ] = None,
    insecure_no_auth: Annotated[  # noqa: FBT002 - a flag of the command line
        bool,
        typer.Option("--insecure-no-auth", help="Let other machines in without a token. Meant for closed networks."),
    ] = False,
) -> None:
    """Serve the router until SIGTERM or Ctrl-C; running answers are finished first."""
    # Here and not above: `--version` and `--help` must not load a server.
    from anvil_serving import edge  # noqa: PLC0415
    from anvil_serving.config import check_bind, resolve_secrets  # noqa: PLC0415
    from anvil_serving.profile import Profile  # noqa: PLC0415
    from anvil_serving.substrate.serve import claim_address  # noqa: PLC0415

    settings = loaded(config)
    address = settings.server.host if host is None else host
    secrets = resolve_secrets(settings, os.environ)
    for warning in (*settings.warnings, *secrets.warnings):
        say(f"warning: {warning}")
    check_bind(settings, address, insecure=insecure_no_auth)
    Profile.load(settings.router)  # here and not in a worker, where nobody reads what is wrong with it
    host, port = claim_address(address, settings.server.port if port is None else port)
    shown = f"[{host}]" if ":" in host else host
    edge.serve(
        settings,
        host=host,
        port=port,
        workers=settings.server.workers if workers is None else workers,
        on_ready=lambda: say(f"serving on http://{shown}:{port}"),
    )
