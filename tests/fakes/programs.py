"""Programs of other machines (`nvidia-smi`, `docker`) as scripts on PATH; what they print was recorded."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

__all__ = ["NVIDIA_SMI", "put_on_path"]

NVIDIA_SMI = """#!/bin/sh
case "$1" in
--query-gpu=*) cat <<'END'
{cards}END
;;
--query-compute-apps=*) cat <<'END'
{apps}END
;;
*) echo "not recorded: $*" >&2; exit 2 ;;
esac
"""
"""`nvidia-smi` with the lines that it prints for cards and for programs."""


def put_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str) -> None:
    """A program of this name, found before the machine's own."""
    program = folder / name
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
