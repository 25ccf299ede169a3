"""The conversation and its sub-agents apart; the members of `role_split.json` are those of version 0.7.1."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from .distribution import Percentiles, quantile, spread

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

__all__ = ["RoleSplit", "Roles"]

CEILINGS: Final = (16_384, 32_768, 65_536, 131_072, 262_144)
"""Context lengths whose coverage is told, in tokens."""


class Generations(Struct, frozen=True):
    """Tokens of answers."""

    p50: int
    p95: int
    max: int


class RoleFigures(Struct, frozen=True):
    """The calls of one role or model."""

    n: int
    ctx: Percentiles
    """Tokens of prompts."""
    gen: Generations


class RoleSplit(Struct, frozen=True):
    """Who asks for how much."""

    total_assistant_calls: int
    records_with_isSidechain_field: int  # noqa: N815 - 0.7.1's name
    by_role: dict[str, RoleFigures]
    by_model: dict[str, RoleFigures]
    subagent_context_coverage_pct: dict[int, float]
    """By context length, the share of sub-agents' prompts that fit, in percent."""


class Sizes:
    """Prompts and answers, in bytes and not in objects: there are as many as there were answers."""

    def __init__(self) -> None:
        self.contexts = array("q")
        self.generations = array("q")

    def add(self, context: int, generation: int) -> None:
        self.contexts.append(context)
        self.generations.append(generation)


class Roles:
    """Sizes by role and model."""

    def __init__(self) -> None:
        self._sizes: dict[tuple[bool, str], Sizes] = {}

    def of(self, model: str, *, is_subagent: bool) -> Sizes:
        """Where an answer's sizes are added."""
        key = (is_subagent, model)
        sizes = self._sizes.get(key)
        if sizes is None:
            sizes = self._sizes[key] = Sizes()
        return sizes

    def all(self, *, is_subagent: bool | None = None) -> Sizes:
        """The sizes of one role, or of both."""
        return _joined(sizes for (role, _), sizes in self._sizes.items() if is_subagent in (None, role))

    def split(self, told: Container[str]) -> RoleSplit:
        """The figures of each role, and of the models that are to be told of."""
        roles = (("main", self.all(is_subagent=False)), ("subagent", self.all(is_subagent=True)))
        models = {model: self._of_model(model) for _, model in self._sizes if model in told}
        often = sorted(models, key=lambda model: (-len(models[model].contexts), model))
        total = sum(len(sizes.contexts) for _, sizes in roles)
        ascending = sorted(roles[1][1].contexts)
        return RoleSplit(
            total,
            total,
            {role: _figures(sizes) for role, sizes in roles if sizes.contexts},
            {model: _figures(models[model]) for model in often},
            {ceiling: _percent(ascending, ceiling) for ceiling in CEILINGS},
        )

    def _of_model(self, model: str) -> Sizes:
        return _joined(sizes for (_, name), sizes in self._sizes.items() if name == model)


def _joined(parts: Iterable[Sizes]) -> Sizes:
    joined = Sizes()
    for sizes in parts:
        joined.contexts.extend(sizes.contexts)
        joined.generations.extend(sizes.generations)
    return joined


def _figures(sizes: Sizes) -> RoleFigures:
    context = spread(sizes.contexts)
    generations = sorted(sizes.generations)
    return RoleFigures(
        context.n,
        context.percentiles,
        Generations(round(quantile(generations, 50)), round(quantile(generations, 95)), generations[-1]),
    )


def _percent(ascending: Sequence[int], ceiling: int) -> float:
    return round(100 * bisect_right(ascending, ceiling) / len(ascending), 1) if ascending else 0.0
