"""Which repositories of a cache something on this machine uses: tiers, the manifest, containers, and open files."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from anvil_serving.errors import AnvilError
from anvil_serving.files import read_file
from anvil_serving.substrate.docker.container import running_containers
from anvil_serving.substrate.docker.docker import DockerFailed, DockerMissing, DockerNotRunning, ask, complaint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from anvil_serving.config import Config
    from anvil_serving.substrate.manifest import Manifest

    from .storage import Item, Piece, Repository

__all__ = ["Uses", "open_files", "uses_of_configuration", "uses_of_containers", "uses_of_manifest"]

_COMPOSE_CAP: Final = 1024 * 1024
_MAPS_CAP: Final = 64 * 1024 * 1024
_NAME_CHARACTER: Final = r"[\w.-]"


class Mention(Struct, frozen=True):
    """A text in which a model may be named, and whose it is."""

    who: str
    text: str
    is_name: bool = False
    """The text is a model's name itself, perhaps without its owner."""


class Uses(Struct, frozen=True):
    """All that may name a repository, and the files that are open."""

    mentions: tuple[Mention, ...] = ()
    open_files: frozenset[tuple[int, int]] = frozenset()

    def of(self, repository: Repository) -> str | None:
        """Who uses a repository, in words; None: nobody that is known. Rather somebody too much than one missed."""
        name = repository.id.lower()
        folder = repository.path.name.lower()
        after = f"(?!{_NAME_CHARACTER})"
        pattern = re.compile(f"(?<!{_NAME_CHARACTER})(?:{re.escape(name)}|{re.escape(folder)}){after}", re.IGNORECASE)
        for mention in self.mentions:
            if pattern.search(mention.text) or (mention.is_name and mention.text.lower() == name.rpartition("/")[2]):
                return mention.who
        return self._who_has_open(repository.items)

    def of_piece(self, piece: Piece) -> str | None:
        """Who uses a revision by its commit, or has a file of a piece open."""
        commit = piece.path.name
        named = (mention.who for mention in self.mentions if commit in mention.text)
        return next(named, None) or self._who_has_open(piece.items)

    def _who_has_open(self, items: Iterable[Item]) -> str | None:
        is_open = any(item.identity in self.open_files for item in items if not item.is_link)
        return "a process that has its files open" if is_open else None


def uses_of_configuration(config: Config) -> Iterator[Mention]:
    """What its tiers ask for."""
    for tier in config.router.tiers:
        if tier.model is not None:
            yield Mention(f"tier {tier.id}", tier.model, is_name=True)


def uses_of_manifest(manifest: Manifest) -> Iterator[Mention]:
    """What its serves should serve, and what their compose files and commands say."""
    for serve in manifest.serves:
        who = f"serve {serve.name}"
        if serve.model is not None:
            yield Mention(who, serve.model, is_name=True)
        for word in manifest.up_command(serve) or ():
            yield from _of_word(who, word)
        file = manifest.compose_file(serve)
        yield from _of_word(who, str(file)) if file is not None else ()


def _of_word(who: str, word: str) -> Iterator[Mention]:
    """The word of a command; where it is a file, such as a script or a compose file, what is in it."""
    yield Mention(who, word)
    try:
        text = read_file(Path(word), cap=_COMPOSE_CAP).decode(errors="replace")
    except (OSError, ValueError, AnvilError):  # it is no file, or one that says nothing
        return
    yield Mention(who, text)


def uses_of_containers() -> Iterator[Mention]:
    """Everything that Docker says of the containers that run: their commands, variables and folders.

    Raises as `docker.ask` does, but where there is no Docker: then nothing runs in it. What Docker does not tell of a
    container that runs may be the model that it uses, so that is an error too.
    """
    try:
        names = running_containers()
    except (DockerMissing, DockerNotRunning):
        return
    for name in names:
        described = ask(("container", "inspect", name))
        if described.status == 0:
            yield Mention(f"container {name}", described.out)
        elif "no such" not in described.err.lower():  # it has not just ended
            raise DockerFailed(f"docker container inspect {name} failed: {complaint(described)}")


def open_files() -> frozenset[tuple[int, int]]:
    """The files that processes of this machine have open or mapped, as far as this user sees them (Linux, proc(5))."""
    found: set[tuple[int, int]] = set()
    for process in _processes():
        found.update(_opened(process / "fd"))
        found.update(_mapped(process / "maps"))
    return frozenset(found)


def _processes() -> Iterable[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir("/proc") if entry.name.isdecimal()]
    except OSError:
        return []


def _opened(folder: Path) -> Iterator[tuple[int, int]]:
    try:
        for entry in os.scandir(folder):
            try:
                status = Path(entry.path).stat()
            except OSError:
                continue
            yield status.st_dev, status.st_ino
    except OSError:  # it has ended, or is somebody else's
        return


def _mapped(table: Path) -> Iterator[tuple[int, int]]:
    try:
        with table.open("rb") as file:
            text = file.read(_MAPS_CAP)
    except OSError:
        return
    for line in text.splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) > 4 and fields[4] != b"0":
            major, _, minor = fields[3].partition(b":")
            yield os.makedev(int(major, 16), int(minor, 16)), int(fields[4])
