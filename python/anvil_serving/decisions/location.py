"""Where the log of decisions lies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from anvil_serving.errors import StartupError
from anvil_serving.files import own_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anvil_serving.config import Decisions

__all__ = ["log_path"]


def log_path(settings: Decisions, environ: Mapping[str, str]) -> Path:
    """The path of the log: the configuration's, else the user's state folder (XDG Base Directory Specification).

    A relative path starts at the current folder. Raises `StartupError` where there is no home to stand for `~`.
    """
    if settings.path is not None:
        return _expanded(settings.path)
    return own_folder(environ, "XDG_STATE_HOME") / "decisions.sqlite3"


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise StartupError(
            f"{path} cannot be found: this user has no home", hint="set [decisions] path to an absolute path"
        ) from None
