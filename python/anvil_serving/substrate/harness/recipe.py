"""Settings as lines to paste."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from anvil_serving.substrate.document import render, with_value

if TYPE_CHECKING:
    from anvil_serving.substrate.document import Value

    from .settings import SettingsFile, Setup

__all__ = ["recipe", "snippet"]

_STARS = "********"


def recipe(setup: Setup) -> list[str]:
    """How a harness is used with the router once: lines for a shell, or for its file where it takes nothing else."""
    if setup.trial:
        return [setup.title, *(f"  {line}" for line in setup.trial)]
    lines = []
    for file in setup.files:
        lines += [f"{setup.title}, in {file.path}", *(f"  {line}" if line else "" for line in snippet(file))]
    return lines


def snippet(file: SettingsFile) -> list[str]:
    """What a file has to say, in its syntax. Secrets are stars."""
    tree: Value = {}
    for setting in file.settings:
        if setting.value is not UNSET:
            tree = with_value(tree, setting.place, _STARS if setting.is_secret else setting.value)
    return render(tree, file.syntax).splitlines()
