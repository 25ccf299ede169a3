"""The files of a deployment: its compose file, and its entry in the manifest. Nothing of a person's is lost."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from anvil_serving.config.locate import locate
from anvil_serving.errors import StartupError
from anvil_serving.files import changing, write_file
from anvil_serving.layout import printable
from anvil_serving.substrate.manifest import ManifestMissing, append_serve, load_manifest, serve_text

if TYPE_CHECKING:
    from anvil_serving.config import Serve
    from anvil_serving.substrate.manifest import Manifest

__all__ = ["Written", "check_files", "next_port", "write_files"]

_FIRST_PORT = 30_000


class Written(Struct, frozen=True, kw_only=True):
    """What was written, and what was kept of what was there."""

    compose: Path
    manifest: Path | None = None
    backups: tuple[Path, ...] = ()


def next_port(manifest: Path | None, name: str) -> int:
    """The port that the serve of this name has in the manifest, else the first from 30000 that no other has there."""
    serves = () if manifest is None else _serves(manifest)
    for serve in serves:
        if serve.name == name:
            return serve.port
    taken = {serve.port for serve in serves}
    return next(port for port in range(_FIRST_PORT, 65_536) if port not in taken)


def check_files(compose: Path, text: str, manifest: Path | None, serve: Serve, *, force: bool) -> None:
    """Raises `StartupError` where `write_files` would have to replace something and may not."""
    if not force and compose.exists() and not _says(compose, text):
        raise StartupError(f"{printable(str(compose))} exists already", hint="--force replaces it and keeps a backup")
    if manifest is None:
        return
    for other in _serves(manifest):
        if other.name == serve.name and other != serve and not force:
            raise StartupError(
                f"{printable(str(manifest))} has another serve named {printable(serve.name)}",
                hint="choose another --tier-id, or pass --force to replace its entry and keep a backup",
            )
        if other.name != serve.name and other.container == serve.container:
            raise StartupError(
                f"the container {serve.container} is that of {printable(other.name)} already",
                hint="choose another --tier-id",
            )


def write_files(compose: Path, text: str, manifest: Path | None, serve: Serve, *, force: bool) -> Written:
    """Writes the compose file, and the entry into the manifest. Raises `StartupError`, and then has lost nothing."""
    check_files(compose, text, manifest, serve, force=force)
    # The manifest first: what can still fail in it fails before a service is replaced.
    kept = _write_entry(manifest, serve) if manifest is not None else None
    backup = write_file(compose, text.encode(), existing="back_up" if force else "refuse")
    return Written(
        compose=compose, manifest=manifest, backups=tuple(path for path in (backup, kept) if path is not None)
    )


def _write_entry(manifest: Path, serve: Serve) -> Path | None:
    serves = _serves(manifest)
    if serve in serves:
        return None
    if all(other.name != serve.name for other in serves):
        return append_serve(manifest, serve)
    with changing(manifest):
        return _replace_entry(manifest, serve)


def _replace_entry(manifest: Path, serve: Serve) -> Path | None:
    index = next(number for number, other in enumerate(_serves(manifest)) if other.name == serve.name)
    after = _replaced(manifest.read_text(encoding="utf-8-sig"), index, serve)
    with tempfile.TemporaryDirectory(prefix="anvil-deploy-") as folder:
        trial = Path(folder) / manifest.name
        trial.write_text(after, encoding="utf-8")
        if serve not in load_manifest(trial).serves:
            raise StartupError(
                f"the entry of {printable(serve.name)} in {printable(str(manifest))} cannot be replaced",
                hint="remove it by hand",
            )
    return write_file(manifest, after.encode(), existing="back_up")


def _replaced(text: str, index: int, serve: Serve) -> str:
    """The manifest with another entry in the place of one; comments before it and after it stay."""
    marks = locate(text).marks
    start = marks[("serve", index)]
    later = [line for path, line in marks.items() if line > start and path[:2] != ("serve", index)]
    lines = text.splitlines(keepends=True)
    end = min(later) - 1 if later else len(lines)
    while end > start and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return "".join(lines[: start - 1]) + serve_text(serve) + "".join(lines[end:])


def _serves(manifest: Path) -> tuple[Serve, ...]:
    try:
        found: Manifest = load_manifest(manifest)
    except ManifestMissing:
        return ()
    return found.serves


def _says(path: Path, text: str) -> bool:
    try:
        return path.is_file() and path.read_bytes() == text.encode()
    except OSError:
        return False
