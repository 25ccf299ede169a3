"""What a manifest may say of a serve: its container, how it is started, what it should run. See `schema.py`."""

# No `from __future__ import annotations`: msgspec evaluates these annotations when it builds the decoder.

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from .problems import Finding, Path
from .units import Container, EnvironmentName, FilePath, GpuId, HttpPath, IpAddress, Label, Seconds, Text, Words

__all__ = ["Serve", "serve_findings"]


class Serve(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of the manifest of the `serves` commands, which may be a file of its own, `serves.toml`."""

    # In the file's order they are started, and in the reverse order stopped.

    name: Annotated[Label, Meta(description="Name of the serve; unique.")]
    container: Annotated[Container, Meta(description="Name of its container; unique.")]
    port: Annotated[int, Meta(ge=1, le=65_535, description="TCP port of this machine on which it is reached.")]
    host: Annotated[
        IpAddress,
        Meta(description="Address of this machine on which the port is published; another one is drift."),
    ] = "127.0.0.1"
    model: Annotated[str | None, Meta(description="Model name that it should report; another one is drift.")] = None
    image: Annotated[
        Text | None,
        Meta(description="Image that its container should run, as `docker run` would take it; another one is drift."),
    ] = None
    gpus: Annotated[
        tuple[GpuId, ...],
        Meta(
            description="UUIDs of the GPUs that its container should be given, as `nvidia-smi -L` lists them; others "
            "are drift. Empty: not checked."
        ),
    ] = ()
    health: Annotated[HttpPath, Meta(description="Path of its health probe; below 400 is healthy.")] = "/health"
    auth_env: Annotated[
        EnvironmentName | None,
        Meta(
            description="Name of the environment variable that holds the key that it wants before it says which model "
            "it serves."
        ),
    ] = None
    compose: Annotated[
        FilePath | None,
        Meta(
            description="Compose file that describes it; a relative path starts at this file's folder. Either this "
            "or `up`, or neither: then it can be started and stopped, but not made anew."
        ),
    ] = None
    service: Annotated[
        Container | None, Meta(description="Name of its service in the compose file. Unset: the name of the serve.")
    ] = None
    up: Annotated[
        Words | None,
        Meta(
            description="Command that makes and starts its container, split as a shell would but run without one; "
            "`{dir}` is this file's folder."
        ),
    ] = None
    ready_timeout: Annotated[
        Seconds, Meta(description="Seconds that it may take from its start until it is healthy.")
    ] = 900.0


def serve_findings(document: Mapping[str, Any]) -> Iterator[Finding]:
    """What the entries of a parsed document must agree on, and what is allowed but probably not meant."""
    entries = document.get("serve")
    seen: set[tuple[str, object]] = set()
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            path: Path = ("serve", index)
            yield from _twice(entry, path, seen)
            yield from _start(entry, path)


def _twice(entry: Mapping[str, Any], path: Path, seen: set[tuple[str, object]]) -> Iterator[Finding]:
    for key in ("name", "container"):
        value = entry.get(key)
        if isinstance(value, str) and (key, value) in seen:
            hint = "give each serve its own" if key == "name" else "a container belongs to one serve"
            yield Finding(path=(*path, key), message=f'there is a serve with {key} "{value}" already', hint=hint)
        seen.add((key, str(value)))
    # The same port twice is meant: models that take turns on one address. `serves up` sees to it that one has it.


def _start(entry: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    if "compose" in entry and "up" in entry:
        hint = "keep `compose`; `anvil-serving serves up` then runs docker compose by itself"
        yield Finding(path=(*path, "up"), message="needs only one of `compose` and `up`", hint=hint)
    if "service" in entry and "compose" not in entry:
        hint = "name the compose file with `compose`, or remove it"
        yield Finding(path=(*path, "service"), message="means nothing without `compose`", hint=hint, severity="warning")
