"""Tables of facts that come with the package: TOML beside the module that knows what its rows mean."""

from __future__ import annotations

from importlib import resources
from typing import TypeVar

import msgspec

__all__ = ["read_table"]

_T = TypeVar("_T")


def read_table(module: str, name: str, kind: type[_T]) -> _T:
    """The file `name` beside a module (its `__name__`) as a value of this type. A wrong one is a defect, and raises."""
    package, _, _ = module.rpartition(".")
    return msgspec.toml.decode(resources.files(package).joinpath(name).read_bytes(), type=kind)
