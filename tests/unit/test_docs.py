"""What the documentation says is there, is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from anvil_serving.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = set(typer.main.get_group(app).commands)
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "configs").glob("*.toml")]
SOURCES = sorted((ROOT / "python").rglob("*.py"))


def _commands_named_in(text: str) -> set[str]:
    # A command line: after a back-quote, at the start of a line, or in a table of shell lines.
    return set(re.findall(r"(?:`|^ *)anvil-serving ([a-z]+)", text, re.MULTILINE))


@pytest.mark.parametrize("page", [*PAGES, *SOURCES], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_is_recommended_exists(page: Path) -> None:
    assert _commands_named_in(page.read_text(encoding="utf-8")) <= COMMANDS


@pytest.mark.parametrize(
    "page", [path for path in PAGES if path.suffix == ".md"], ids=lambda path: str(path.relative_to(ROOT))
)
def test_every_file_that_is_linked_exists(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target
