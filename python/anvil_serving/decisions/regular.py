"""Only regular files are read and written here: a pipe may never end, and a device takes everything."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from anvil_serving.errors import AnvilError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["NotRegular", "check_regular"]

_WHAT = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a disk",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


class NotRegular(AnvilError):
    """Something else lies where a file should."""

    fault = "operator"


def check_regular(path: Path) -> None:
    """Raises `NotRegular`, and `OSError` where nothing is there or it cannot be looked at. Opens nothing."""
    kind = stat.S_IFMT(path.stat().st_mode)
    if kind != stat.S_IFREG:
        raise NotRegular(f"{path} is {_WHAT.get(kind, 'something else')} and no file")
