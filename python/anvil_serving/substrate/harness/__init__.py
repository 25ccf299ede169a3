"""The coding harnesses, and how each is pointed at the router.

endpoint.py   where the router is, and what it offers
settings.py   what a harness's files have to say
table.py      that, for every harness: the one source, of recipes too
recipe.py     the same as lines to paste
setup.py      written into a person's files, and taken out again
record.py     what was there before
"""

from __future__ import annotations

from .endpoint import Endpoint, Model, Offer, offered_by
from .recipe import recipe, snippet
from .record import record_path
from .settings import Export, Setting, SettingsFile, Setup
from .setup import FileOutcome, undo, write
from .table import HARNESSES, Harness, HarnessName, Home

__all__ = [
    "HARNESSES",
    "Endpoint",
    "Export",
    "FileOutcome",
    "Harness",
    "HarnessName",
    "Home",
    "Model",
    "Offer",
    "Setting",
    "SettingsFile",
    "Setup",
    "offered_by",
    "recipe",
    "record_path",
    "snippet",
    "undo",
    "write",
]
