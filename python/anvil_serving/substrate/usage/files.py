"""The files that a person keeps of it: `usage_aggregate.json` and `role_split.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from anvil_serving.files import write_file

if TYPE_CHECKING:
    from pathlib import Path

    from .usage import Usage

__all__ = ["AGGREGATE", "ROLE_SPLIT", "write_files"]

AGGREGATE: Final = "usage_aggregate.json"
ROLE_SPLIT: Final = "role_split.json"


def write_files(usage: Usage, folder: Path) -> tuple[Path, Path]:
    """Writes both into a folder, which is made if need be. Raises `StartupError` where they cannot be written.

    What was there is replaced: they are made anew from the logs at any time.
    """
    paths = folder / AGGREGATE, folder / ROLE_SPLIT
    for path, value in zip(paths, (usage, usage.roles), strict=True):
        document = msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"
        write_file(path, document, existing="replace")
    return paths
