"""The profile: which tier is trusted with which work."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from anvil_serving.config import WORK_CLASSES
from anvil_serving.errors import ConfigError

from .cell import Cell, Verdict, lower_bound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anvil_serving import config

__all__ = ["Profile"]

_SCHEMA = "anvil-serving.router.profile_bootstrap/v1"
"""What 0.7.1 wrote; the one format there is."""
_MAX_BYTES = 8 * 1024 * 1024
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class _Entry(msgspec.Struct):
    tier_id: str
    work_class: str
    decision: Verdict
    quality_score: _Share
    sample_n: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 0
    last_measured: str | None = None


class _File(msgspec.Struct, forbid_unknown_fields=False):
    schema: str
    entries: list[_Entry]


class _Seeds(msgspec.Struct):
    version: str
    roles: dict[str, dict[str, tuple[Verdict, _Share]]]


class Profile:
    """A cell for every tier and every kind of work: measured where it has been, else a seed for the tier's role."""

    def __init__(self, cells: Mapping[tuple[str, str], Cell]) -> None:
        self._cells = dict(cells)

    def __getitem__(self, key: tuple[str, str]) -> Cell:
        """The cell of a tier's id and a work class."""
        return self._cells[key]

    @classmethod
    def load(cls, settings: config.Router) -> Profile:
        """The profile that a configuration names, over the seeds. Raises `ConfigError` when it cannot be used."""
        measured = _read(settings.profile_path) if settings.profile_path is not None else {}
        seeds = msgspec.json.decode(files("anvil_serving.profile").joinpath("seeds.json").read_bytes(), type=_Seeds)
        cells: dict[tuple[str, str], Cell] = {}
        for tier in settings.tiers:
            role = settings.role(tier)
            for work_class in WORK_CLASSES:
                verdict, prior = seeds.roles[role][work_class]
                entry = measured.get((tier.id, work_class))
                if entry is None:
                    bound = lower_bound(prior, 0, prior=prior)
                    cell = Cell(verdict, prior, bound, 0, f"the seed of a {role} tier, not measured")
                else:
                    bound = lower_bound(entry.quality_score, entry.sample_n, prior=prior)
                    source = f"measured, {entry.sample_n} samples"
                    cell = Cell(entry.decision, entry.quality_score, bound, entry.sample_n, source, entry.last_measured)
                cells[tier.id, work_class] = cell
        return cls(cells)


def _read(path: str) -> Mapping[tuple[str, str], _Entry]:
    hint = "correct the file that [router] profile_path names, or remove the key to use the built-in seeds"
    try:
        with Path(path).expanduser().open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(f"the profile {path} cannot be read: {reason}", hint=hint) from None
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"the profile {path} is larger than 8 MiB", hint=hint)
    try:
        file_ = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"the profile {path} is not one: {error}", hint=hint) from None
    if file_.schema != _SCHEMA:
        raise ConfigError(f"the profile {path} is of an unknown kind", hint=f'its `schema` has to be "{_SCHEMA}"')
    return {(entry.tier_id, entry.work_class): entry for entry in file_.entries}
