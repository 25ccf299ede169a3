"""Docker, through its command: what it says, and a named error for each way in which it cannot be had."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Final

from anvil_serving.errors import StartupError
from anvil_serving.layout import printable
from anvil_serving.substrate.command import CommandMissing, Output, run
from anvil_serving.substrate.stream import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "ComposeMissing",
    "DockerFailed",
    "DockerForbidden",
    "DockerMissing",
    "DockerNotRunning",
    "ask",
    "complaint",
    "order",
]

QUERY_SECONDS: Final = 30.0
"""A question to the daemon; one that pulls an image at the same time is slow to answer."""
ORDER_SECONDS: Final = 6 * 3600.0
"""An order: making a container may pull an image of tens of gigabytes."""


class DockerMissing(StartupError):
    """The machine has no `docker` command."""


class DockerNotRunning(StartupError):
    """The command is there, and its daemon does not answer."""


class DockerForbidden(StartupError):
    """The daemon is there, and this user may not talk to it."""


class ComposeMissing(StartupError):
    """Docker is there without its compose plugin."""


class DockerFailed(StartupError):
    """Docker was asked, and said no."""


def ask(arguments: Sequence[str], *, seconds: float = QUERY_SECONDS) -> Output:
    """Runs `docker` with these arguments. A status that is not 0 is no error where the daemon itself said so."""
    try:
        output = run(("docker", *arguments), seconds=seconds)
    except CommandMissing:
        raise _missing() from None
    _check_daemon(output)
    return output


def order(command: Sequence[str], say: Callable[[str], None]) -> None:
    """Runs a command that changes something; `say` gets what it prints, line by line, as it comes.

    Raises `DockerFailed` with its complaint where it ends with another status than 0.
    """
    try:
        ended = stream(command, say, seconds=ORDER_SECONDS)
    except CommandMissing:
        if command[0] == "docker":
            raise _missing() from None
        raise
    _check_daemon(ended)
    if ended.status != 0:
        raise DockerFailed(f"`{printable(shlex.join(command))}` failed: {complaint(ended)}", hint=_hint(ended.err))


def complaint(output: Output) -> str:
    """The line of an answer that says what is wrong; printable. Docker ends with advice, not with the reason."""
    lines = [line.strip() for line in (output.err.strip() or output.out.strip()).splitlines() if line.strip()]
    chosen = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else None)
    return f"exit status {output.status}, and nothing said" if chosen is None else printable(chosen)


def _check_daemon(output: Output) -> None:
    """Raises for what the command says without its daemon, or its plugin (docker/cli 20.10 to 28, as it was run)."""
    text = output.err.lower() if output.status != 0 else ""
    where = os.environ.get("DOCKER_HOST")
    named = f" at {printable(where)}, which DOCKER_HOST names," if where else ""
    if "permission denied while trying to connect" in text or ("dial unix" in text and "permission denied" in text):
        raise DockerForbidden(
            f"Docker's daemon{named} may not be used by this user: permission denied on its socket",
            hint="`sudo usermod -aG docker $USER`, then log in anew; or run this command as root",
        )
    if "cannot connect to the docker daemon" in text or "error during connect" in text:
        raise DockerNotRunning(
            f"Docker's daemon{named} does not answer",
            hint="start it: `sudo systemctl start docker`, or Docker Desktop"
            + (", or unset DOCKER_HOST" if where else ""),
        )
    if "unable to resolve docker endpoint" in text:
        raise DockerNotRunning(
            "Docker's context leads to no daemon", hint="`docker context ls` lists them, `docker context use default`"
        )
    if any(sign in text for sign in _NO_COMPOSE):
        raise ComposeMissing(
            "Docker has no compose plugin here",
            hint="install docker-compose-plugin (Docker's packages) or docker-compose-v2 (Ubuntu's)",
        )


_NO_COMPOSE: Final = (
    "unknown command: docker compose",
    "'compose' is not a docker command",
    # What `docker compose -f FILE` says without the plugin: the option is then its own.
    "unknown shorthand flag: 'f' in -f",
)


def _missing() -> DockerMissing:
    return DockerMissing(
        "there is no `docker` on this machine's PATH",
        hint="install Docker Engine, or Docker Desktop with WSL integration; serves run in its containers",
    )


def _hint(said: str) -> str | None:
    text = said.lower()
    if "could not select device driver" in text or "nvidia-container-cli" in text:
        return "install the NVIDIA Container Toolkit, `nvidia-ctk runtime configure --runtime=docker`, restart Docker"
    if "port is already allocated" in text or "address already in use" in text:
        return "`docker ps` shows which container has the port"
    if "is already in use by container" in text:
        return "`serves up --recreate NAME` removes the container that has the name, and makes it anew"
    if "no space left on device" in text:
        return "`docker system df` shows what takes the disk; `cache prune` frees models"
    if "pull access denied" in text or "manifest unknown" in text or ("manifest" in text and "not found" in text):
        return "check the image's name and tag, and `docker login` where it is not public"
    return None
