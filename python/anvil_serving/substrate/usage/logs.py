"""Where coding harnesses keep the logs of their sessions, and which files those are."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

from msgspec import Struct

from anvil_serving.errors import StartupError
from anvil_serving.files import expanded, user_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["CLIENTS", "FILES_CAP", "Client", "FoundLogs", "LogFile", "find_logs", "logs_below"]

Client = Literal["claude-code", "codex"]
CLIENTS: Final[tuple[Client, ...]] = get_args(Client)

FILES_CAP: Final = 200_000
"""Files that are looked at; a person has some thousands."""

DEPTH_CAP: Final = 24
"""Folders within each other that are looked into; the clients' are six deep."""

_ROLLOUT: Final = "rollout-"
"""How the names of Codex's logs begin."""


class LogFile(Struct, frozen=True):
    """One log."""

    client: Client
    path: Path


class FoundLogs(Struct, frozen=True):
    """What there is, in an order that is always the same."""

    files: tuple[LogFile, ...]
    folders: tuple[Path, ...]
    """Where was looked; not all of them need to be there."""
    unreadable: tuple[Path, ...] = ()
    """Folders that could not be looked into."""


def find_logs(environ: Mapping[str, str], clients: Collection[Client] = CLIENTS) -> FoundLogs:
    """The logs of these clients, where each keeps them by its own settings.

    Claude Code: `projects` below `CLAUDE_CONFIG_DIR`, which may be several folders between commas, else below
    `~/.config/claude` and `~/.claude`. Codex: `sessions` and `archived_sessions` below `CODEX_HOME`, else `~/.codex`.
    """
    places: list[tuple[Client, Path]] = []
    if "claude-code" in clients:
        places += [("claude-code", folder) for folder in _claude_folders(environ)]
    if "codex" in clients:
        home = _folders(environ.get("CODEX_HOME")) or [_home(environ) / ".codex"]
        places += [("codex", folder / name) for folder in home for name in ("sessions", "archived_sessions")]
    search = _Search()
    files = [LogFile(client, path) for client, folder in places for path in search.below(folder)]
    return FoundLogs(tuple(files), tuple(folder for _, folder in places), tuple(search.unreadable))


def logs_below(folder: Path, clients: Collection[Client] = CLIENTS) -> FoundLogs:
    """The logs of these clients below one folder; Codex's are known by their names. Raises `StartupError`."""
    if not folder.is_dir():
        raise StartupError(f"there is no folder {folder}", hint="name one that there is, such as ~/.claude/projects")
    search = _Search()
    found = [LogFile(_client_of(path), path) for path in search.below(folder)]
    return FoundLogs(tuple(file for file in found if file.client in clients), (folder,), tuple(search.unreadable))


def _claude_folders(environ: Mapping[str, str]) -> list[Path]:
    named = _folders(environ.get("CLAUDE_CONFIG_DIR"))
    if named:
        return [folder if folder.name == "projects" else folder / "projects" for folder in named]
    home = _home(environ)
    return [user_folder(environ, "XDG_CONFIG_HOME") / "claude" / "projects", home / ".claude" / "projects"]


def _folders(text: str | None) -> list[Path]:
    return [expanded(Path(part.strip())) for part in (text or "").split(",") if part.strip()]


def _home(environ: Mapping[str, str]) -> Path:
    return expanded(Path(environ.get("HOME") or "~"))


def _client_of(path: Path) -> Client:
    return "codex" if path.name.startswith(_ROLLOUT) else "claude-code"


class _Search:
    """A walk that takes every file once, whatever links lead to it, and no pipe or device."""

    def __init__(self) -> None:
        self.unreadable: list[Path] = []
        self._seen: set[tuple[int, int]] = set()

    def below(self, folder: Path, depth: int = 0) -> Iterator[Path]:
        if depth > DEPTH_CAP:
            self.unreadable.append(folder)
            return
        try:
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries)
        except FileNotFoundError:
            return
        except OSError:
            self.unreadable.append(folder)
            return
        for name in names:
            path = folder / name
            mode = self._new(path)
            if stat.S_ISDIR(mode):
                yield from self.below(path, depth + 1)
            elif stat.S_ISREG(mode) and name.endswith(".jsonl"):
                yield path

    def _new(self, path: Path) -> int:
        """The mode of what is there; 0: nothing, or what was seen before."""
        try:
            found = path.stat()
        except OSError:
            return 0
        identity = (found.st_dev, found.st_ino)
        if identity in self._seen:
            return 0
        if len(self._seen) >= FILES_CAP:
            raise StartupError(
                f"there are more than {FILES_CAP} files and folders among the logs", hint="name a folder: --logs-dir"
            )
        self._seen.add(identity)
        return found.st_mode
