"""What a harness's files have to say, as values."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct, UnsetType

from anvil_serving.substrate.document import Place, SyntaxName, Value, lookup

__all__ = ["Export", "Setting", "SettingsFile", "Setup"]


class Setting(Struct, frozen=True):
    """One value of a file."""

    place: Place
    value: Value | UnsetType
    """`UNSET`: it must not be there."""
    member: str | None = None
    """Where a table is there already, this member of it is meant."""
    if_absent: bool = False
    """What a person has set is left."""
    is_secret: bool = False

    def place_in(self, tree: Value) -> Place:
        """Where it belongs in a file that says this."""
        if self.member is not None and isinstance(lookup(tree, self.place), dict):
            return (*self.place, self.member)
        return self.place


class SettingsFile(Struct, frozen=True):
    """A file, and what it has to say of the router."""

    path: Path
    syntax: SyntaxName
    settings: tuple[Setting, ...]
    own: Place = ()
    """A table that is the router's alone, where it was not there before: it goes as a whole, with what the harness has
    put into it since."""

    @property
    def has_secret(self) -> bool:
        """Whether a token itself is written into it."""
        return any(setting.is_secret for setting in self.settings)


class Export(Struct, frozen=True):
    """A variable that has to be set where the harness runs."""

    name: str
    source: str
    """The variable whose value it gets; itself, where the person sets it."""

    @property
    def line(self) -> str:
        """As a line for a shell."""
        return f"export {self.name}=..." if self.name == self.source else f'export {self.name}="${self.source}"'


class Setup(Struct, frozen=True, kw_only=True):
    """Everything that points one harness at the router."""

    harness: str
    title: str
    files: tuple[SettingsFile, ...]
    exports: tuple[Export, ...] = ()
    trial: tuple[str, ...] = ()
    """Lines for a shell that do the same once, without a file."""
    notes: tuple[str, ...] = ()
