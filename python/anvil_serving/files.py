"""Files that a person keeps, and where: read only if they are files, written whole or not at all, and never lost."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from anvil_serving.errors import AnvilError, StartupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "Existing",
    "FileTooLarge",
    "NotRegular",
    "UserFolder",
    "changing",
    "check_regular",
    "expanded",
    "own_folder",
    "read_file",
    "user_folder",
    "write_file",
]

Existing = Literal["refuse", "back_up", "replace"]
"""What becomes of a file that is in the way: it stays and the command ends; it is kept as `NAME.bak`; it is gone."""

UserFolder = Literal["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"]
"""Which of a user's folders, by the variable that may name it (XDG Base Directory Specification)."""

_USUAL: Final[Mapping[UserFolder, str]] = {
    "XDG_CACHE_HOME": ".cache",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
}


_LOCK_SECONDS: Final = 10.0
"""How long another command may hold a file that it changes: it reads and writes a few kilobytes."""

_WHAT: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a disk",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


class NotRegular(AnvilError):
    """Something else lies where a file should: a pipe may never end, and a device takes everything."""

    fault = "operator"


class FileTooLarge(AnvilError):
    """A file is larger than what is read of one."""

    fault = "operator"


def expanded(path: Path) -> Path:
    """The path with a person's home in the place of `~`; as it is where there is no such person."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def user_folder(environ: Mapping[str, str], variable: UserFolder) -> Path:
    """A folder of the user, to look for something in; it begins with `~` where this user has no home."""
    named = Path(environ.get(variable, ""))
    # The specification: a relative path is to be ignored.
    return named if named.is_absolute() else expanded(Path(environ.get("HOME") or "~")) / _USUAL[variable]


def own_folder(environ: Mapping[str, str], variable: UserFolder) -> Path:
    """The program's own folder in one of the user's, to keep something in; it need not exist.

    Raises `StartupError` where it would lie in the home of a user who has none.
    """
    folder = user_folder(environ, variable)
    if folder.parts[0].startswith("~"):
        raise StartupError(f"{folder} cannot be found: this user has no home", hint=f"set HOME or {variable}")
    return folder / "anvil-serving"


def check_regular(path: Path) -> None:
    """Raises `NotRegular`, and `OSError` where nothing is there or it cannot be looked at. Opens nothing."""
    kind = stat.S_IFMT(path.stat().st_mode)
    if kind != stat.S_IFREG:
        raise NotRegular(f"{path} is {_WHAT.get(kind, 'something else')} and no file")


def read_file(path: Path, *, cap: int) -> bytes:
    """The bytes of a regular file of at most `cap` bytes. Raises `NotRegular`, `FileTooLarge` and `OSError`."""
    check_regular(path)
    with path.open("rb") as file:
        content = file.read(cap + 1)
    if len(content) > cap:
        raise FileTooLarge(f"{path} is larger than {cap} bytes")
    return content


def write_file(path: Path, content: bytes, *, existing: Existing, mode: int = 0o644) -> Path | None:
    """Puts `content` at `path`: all of it or nothing, also if the power fails. Returns the backup that was made of it.

    A link is followed: what it leads to is replaced, and stays linked. An existing file keeps its permissions; a new
    one gets `mode`, less the umask. With `back_up`, an older backup is never overwritten: the next free one of
    `NAME.bak`, `NAME.bak1`, ... is made. Nothing is written where the file says the same already. Raises
    `StartupError` where it cannot be written, or exists and is to be left alone.
    """
    try:
        path = path.resolve() if path.is_symlink() else path
        present = _permissions(path)
        if present is not None:
            if _says(path, content):
                return None
            if existing == "refuse":
                raise StartupError(f"{path} exists already", hint="--force replaces it and keeps a backup")
        path.parent.mkdir(parents=True, exist_ok=True)
        backup = _back_up(path) if present is not None and existing == "back_up" else None
        _replace(path, content, mode, keep=present)
    except NotRegular as error:
        raise StartupError(f"{error}", hint="remove it, or name another path") from None
    except RuntimeError:  # what Python before 3.13 makes of it
        raise StartupError(f"{path} is a link that leads in a circle", hint="remove it, or name another path") from None
    except OSError as error:
        raise StartupError(
            f"{path} cannot be written: {error.strerror or error}", hint="check the folder and its permissions"
        ) from None
    return backup


@contextlib.contextmanager
def changing(path: Path) -> Iterator[None]:
    """Within it, no other command that asks so changes `path`: what was read is still there when it is written.

    The lock is on the folder, so that none is left behind, and ends with the process. Where a disk has no locks there
    is none. Not to be nested. Raises `StartupError` where another command holds it too long.
    """
    descriptor = None
    try:
        # What stands in the way (a link that leads in a circle is a RuntimeError) is said by whoever reads or writes.
        with contextlib.suppress(ImportError, OSError, RuntimeError):
            folder = (path.resolve() if path.is_symlink() else path).parent
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY)
            _lock(descriptor, path)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    import fcntl  # noqa: PLC0415 - not on Windows

    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise StartupError(
                    f"{path} is being changed by another command", hint="try again when it has ended"
                ) from None
            time.sleep(0.02)
        else:
            return


def _permissions(path: Path) -> int | None:
    try:
        check_regular(path)
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None


def _says(path: Path, content: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(content) + 1) == content


def _back_up(path: Path) -> Path:
    """A second name of the file as it is; the bytes are not copied."""
    for number in range(1_000):
        backup = path.with_name(f"{path.name}.bak{number or ''}")
        with contextlib.suppress(FileExistsError):
            backup.hardlink_to(path)
            return backup
    raise StartupError(f"{path} has a thousand backups", hint="remove some of them")


def _replace(path: Path, content: bytes, mode: int, *, keep: int | None) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            if keep is not None:
                os.fchmod(file.fileno(), keep)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # The new name is on the disk once its folder is.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
