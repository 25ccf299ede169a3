"""Where a client works: a clean home, an empty folder, nothing of this machine's environment, and no way out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CONTENT", "FILE", "INSTALLED", "TASK", "Finished", "Workshop"]

INSTALLED = Path(__file__).resolve().parents[2] / "target" / "clients"
"""Where `make test-clients` puts what is not of Python."""

FILE = "made.txt"
TASK = f"Create the file {FILE}."
CONTENT = 'She said "größer" — C:\\new\\table\n\tπ ≈ 3.14159, 火, 🔨 and $HOME\n'
"""Everything that a wire form must escape, or can cut in two."""

_SECONDS = 180.0
_NOWHERE = "http://127.0.0.1:9"
"""The discard port: what is not meant for the loopback is refused there, at once."""


@dataclass(frozen=True)
class Finished:
    """A client that has ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """Its output, one JSON document."""
        document = json.loads(self.stdout)
        assert isinstance(document, dict)
        return document

    @property
    def documents(self) -> list[dict[str, Any]]:
        """Its output, one JSON document a line."""
        return [json.loads(line) for line in self.stdout.splitlines() if line.startswith("{")]


class Workshop:
    """One client's."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.folder = folder / "work"
        self._temporary = folder / "tmp"
        for path in (self.home, self.folder, self._temporary):
            path.mkdir()

    @property
    def file(self) -> Path:
        """What the client is to make."""
        return self.folder / FILE

    def run(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Finished:
        """Runs a client to its end, and ends what it leaves behind. Fails when it does not end well."""
        output, errors = self._temporary / "stdout", self._temporary / "stderr"
        # Files and not pipes: a daemon that a client leaves behind would hold a pipe open.
        with output.open("wb") as stdout, errors.open("wb") as stderr:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=self.folder,
                env=self._environment | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
            try:
                status = process.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                status = None
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        said, complained = (path.read_text(encoding="utf-8", errors="replace") for path in (output, errors))
        assert status == 0, f"{command[0]} ended with {status}\n{said[-4000:]}\n{complained[-4000:]}"
        return Finished(status, said, complained)

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(self._temporary),
            "HTTP_PROXY": _NOWHERE,
            "HTTPS_PROXY": _NOWHERE,
            "NO_PROXY": "127.0.0.1,localhost",
        }
