"""Settings files of other programs, changed in place: what is not changed keeps its bytes, comments and order.

value.py     what a file says, and a place in it
json5.py     JSON, with comments and the rest of JSON5
toml.py      TOML, by tomlkit
yaml.py      YAML, by the places that PyYAML reports
edit.py      changes, and the proof that nothing else has changed
"""

from __future__ import annotations

from .edit import SYNTAXES, Change, SyntaxName, changed, read, render
from .fault import BrokenDocument, CannotEdit
from .value import Item, Place, Step, Value, canonical, lookup, place_text, with_value, without

__all__ = [
    "SYNTAXES",
    "BrokenDocument",
    "CannotEdit",
    "Change",
    "Item",
    "Place",
    "Step",
    "SyntaxName",
    "Value",
    "canonical",
    "changed",
    "lookup",
    "place_text",
    "read",
    "render",
    "with_value",
    "without",
]
