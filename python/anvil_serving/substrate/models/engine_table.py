"""Which engine loads which model, from the table in `engines.toml`."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from anvil_serving.substrate.data_table import read_table

from .card import EngineFit
from .found import WeightFormat

if TYPE_CHECKING:
    from .shape import ModelShape

__all__ = ["Engine", "EngineCaveat", "engine_fits", "engines"]


class EngineCaveat(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that is known to go wrong."""

    schemes: tuple[str, ...]
    """Of `Quantisation.scheme`."""
    gpus: str
    text: str
    source: str
    mixture: bool = False
    """Whether it is only so with a mixture of experts."""


class Engine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of the table; its head says what the members mean."""

    name: str
    version: str
    source: str
    loads: tuple[WeightFormat, ...]
    quantisations: tuple[str, ...]
    architectures: frozenset[str]
    partly: dict[str, str] = {}
    refuses: dict[str, str] = {}
    dropped: dict[str, tuple[str, ...]] = {}
    caveat: tuple[EngineCaveat, ...] = ()


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    engine: tuple[Engine, ...]


@lru_cache(maxsize=1)
def engines() -> tuple[Engine, ...]:
    """The engines of the table."""
    return read_table(__name__, "engines.toml", _Table).engine


def engine_fits(shape: ModelShape, form: WeightFormat | None, *, whole: bool) -> tuple[EngineFit, ...]:
    """What each engine makes of a model, of which all is there or not."""
    if form is None or not whole:
        reason = "no weights are there" if form is None else "the model is not whole"
        return tuple(EngineFit(engine=engine.name, loadable="no", reason=reason) for engine in engines())
    return tuple(_fit(engine, shape, form) for engine in engines())


def _fit(engine: Engine, shape: ModelShape, form: WeightFormat) -> EngineFit:
    method = shape.quantisation.method if shape.quantisation else None
    scheme = shape.quantisation.scheme if shape.quantisation else None
    for what in (form, method):
        if what in engine.refuses:
            return EngineFit(engine=engine.name, loadable="no", reason=engine.refuses[what])
    version = next((version for version, names in engine.dropped.items() if shape.architecture in names), None)
    if version is not None:
        reason = f"{engine.name} had {shape.architecture} until {version}"
        return EngineFit(engine=engine.name, loadable="no", reason=reason)
    doubt = _doubt(engine, shape, form, method)
    caveats = tuple(
        f"{caveat.text} ({caveat.source})"
        for caveat in engine.caveat
        if scheme in caveat.schemes and (shape.experts or not caveat.mixture)
    )
    return EngineFit(engine=engine.name, loadable="perhaps" if doubt else "yes", reason=doubt, caveats=caveats)


def _doubt(engine: Engine, shape: ModelShape, form: WeightFormat, method: str | None) -> str | None:
    """What makes it uncertain; None where nothing does."""
    if form in engine.partly:
        return engine.partly[form]
    if form not in engine.loads:
        return f"nothing is known of {engine.name} and {form}"
    if method is not None and method not in engine.quantisations:
        return f"{engine.name} {engine.version} has no quantisation called {method}"
    if shape.architecture is None:
        return "its files do not name its architecture"
    if shape.architecture not in engine.architectures:
        return f"{shape.architecture} is not among what {engine.name} {engine.version} has by itself"
    return None
