"""What may be wrong with a settings file."""

from __future__ import annotations

from anvil_serving.errors import StartupError

__all__ = ["BrokenDocument", "CannotEdit"]


class BrokenDocument(StartupError):
    """The text is not of its syntax. `line` counts from 1."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(f"line {line}: {reason}", hint="correct the file; nothing was written")
        self.line = line


class CannotEdit(StartupError):
    """The text is valid, but a change of it would change something else as well, or cannot be made."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, hint="make the change by hand; nothing was written")
