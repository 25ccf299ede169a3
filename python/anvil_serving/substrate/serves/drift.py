"""What is otherwise in a container than its manifest and its compose file say."""

from __future__ import annotations

import itertools
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from anvil_serving.config import Serve
    from anvil_serving.substrate.docker.compose import ComposeService
    from anvil_serving.substrate.docker.container import Container

    from .probe import Probe

__all__ = ["Drift", "Setting", "Wanted", "drift_of", "served_names"]

Setting = Literal["image", "port", "host", "command", "gpus", "model", "compose"]
"""What may drift. `compose`: something else of its service in the compose file, such as its volumes."""

_SHOWN: Final = 8
"""Words of a command that are shown on each side of where it differs."""

_NAME_OPTIONS: Final = ("--served-model-name", "--alias", "-a")
"""What SGLang and vLLM, and llama.cpp, are told to call their model; without it, its path or repository is its name."""
_SECRET: Final = re.compile("key|token|secret|password", re.IGNORECASE)
_MODEL_OPTIONS: Final = ("--model-path", "--model", "-m")


class Drift(Struct, frozen=True, kw_only=True):
    """One thing that is otherwise."""

    what: Setting
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.what} is {self.found}, not {self.expected}"


class Wanted(NamedTuple):
    """What a container is held to, besides the manifest."""

    service: ComposeService | None = None
    images: Mapping[str, str] = MappingProxyType({})
    """Which image each reference means now on this machine."""
    uuids: Mapping[str, str] = MappingProxyType({})
    """The UUID of each card by its number."""


def drift_of(serve: Serve, container: Container, probe: Probe, wanted: Wanted) -> tuple[Drift, ...]:
    """Every drift of a container, in the order of `Setting`."""
    found = [
        *_image(serve, container, wanted),
        *_port(serve, container),
        *_command(container, wanted.service),
        *_gpus(serve, container, wanted),
        *_model(serve, container, probe),
    ]
    service, origin = wanted.service, container.compose
    if not found and service is not None and service.config_hash and (origin is None or origin.config_hash):
        made_of = "no compose file" if origin is None else f"another version ({_short(origin.config_hash or '')})"
        if origin is None or origin.config_hash != service.config_hash:
            found.append(
                Drift(what="compose", expected=f"the file as it is ({_short(service.config_hash)})", found=made_of)
            )
    return tuple(found)


def _image(serve: Serve, container: Container, wanted: Wanted) -> Iterator[Drift]:
    reference = serve.image or (wanted.service.image if wanted.service is not None else None)
    if reference is None:
        return
    if _full(reference) != _full(container.image):
        yield Drift(what="image", expected=reference, found=container.image or "not known")
        return
    now = wanted.images.get(reference)
    if now is not None and now != container.image_id:
        yield Drift(
            what="image",
            expected=f"{reference} as it is now ({_short(now)})",
            found=f"an older one of that name ({_short(container.image_id)})",
        )


def _port(serve: Serve, container: Container) -> Iterator[Drift]:
    if container.has_host_network:  # it listens by itself, and Docker does not know where
        return
    places = [place for place in container.published if place.port == serve.port]
    if not places:
        found = ", ".join(f"{place.host}:{place.port}" for place in container.published) or "not published"
        yield Drift(what="port", expected=f"{serve.port}", found=found)
        return
    hosts = {place.host for place in places}
    # Docker publishes on every address of both families unless told otherwise, and lists both.
    if hosts != {serve.host}:
        yield Drift(what="host", expected=serve.host, found=", ".join(sorted(hosts)))


def _command(container: Container, service: ComposeService | None) -> Iterator[Drift]:
    if service is None or service.command is None or service.command == container.command:
        return
    start = next(
        (at for at, pair in enumerate(zip(service.command, container.command, strict=False)) if pair[0] != pair[1]),
        min(len(service.command), len(container.command)),
    )
    yield Drift(what="command", expected=_excerpt(service.command, start), found=_excerpt(container.command, start))


def _gpus(serve: Serve, container: Container, wanted: Wanted) -> Iterator[Drift]:
    expected = serve.gpus or (wanted.service.gpus if wanted.service is not None else ())
    if not expected:
        return
    have = {wanted.uuids.get(name, name) for name in container.gpus}
    # `all` of a machine with these cards alone is these cards.
    if "all" in have and wanted.uuids:
        have = set(wanted.uuids.values())
    if have != {wanted.uuids.get(name, name) for name in expected}:
        found = ", ".join(sorted(have)) or "none"
        yield Drift(what="gpus", expected=", ".join(sorted(expected)), found=found)


def _model(serve: Serve, container: Container, probe: Probe) -> Iterator[Drift]:
    if serve.model is None:
        return
    found = probe.models or (() if probe.is_healthy else served_names(container.words))
    if found and serve.model not in found:
        yield Drift(what="model", expected=serve.model, found=", ".join(found[:3]))


def served_names(words: Sequence[str]) -> tuple[str, ...]:
    """What a command line tells its engine to call its model; empty where it does not say."""
    for options in (_NAME_OPTIONS, _MODEL_OPTIONS):
        for place, word in enumerate(words):
            option, equals, value = word.partition("=")
            # `python -m MODULE` starts SGLang, and names no model.
            if option not in options or (option == "-m" and "python" in words[max(0, place - 1)]):
                continue
            if equals:
                return (value,)
            # vLLM takes several names.
            return tuple(itertools.takewhile(lambda value: not value.startswith("-"), words[place + 1 :]))
    return ()


def _full(reference: str) -> str:
    """An image's name with what Docker adds to it: its own registry, `library` and `latest`."""
    first, slash, _ = reference.partition("/")
    if not slash:
        reference = f"docker.io/library/{reference}"
    elif "." not in first and ":" not in first and first != "localhost":
        reference = f"docker.io/{reference}"
    name = reference.rpartition("/")[2]
    return reference if ":" in name or "@" in name else f"{reference}:latest"


def _excerpt(words: Sequence[str], start: int) -> str:
    shown = " ".join(_masked(words)[max(0, start - 1) : start + _SHOWN - 1])
    before, after = start > 1, len(words) > start + _SHOWN - 1
    return ("... " if before else "") + (shown or "(nothing)") + (" ..." if after else "")


def _masked(words: Sequence[str]) -> list[str]:
    """The words with stars for what an option such as `--api-key` is given."""
    shown, is_secret = [], False
    for word in words:
        option, equals, _ = word.partition("=")
        names_secret = word.startswith("-") and _SECRET.search(option) is not None
        shown.append(f"{option}=***" if names_secret and equals else "***" if is_secret else word)
        is_secret = names_secret and not equals
    return shown


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
