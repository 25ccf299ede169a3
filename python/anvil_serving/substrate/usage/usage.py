"""What harnesses' logs say of a person's use of models; the members of `usage_aggregate.json`.

The members of version 0.7.1's file are there under their names; `calls` are answers of models, `out` their tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from .cost import Cost
from .distribution import Measured, Percentiles, Spread
from .hours import Concurrency, Throughput
from .reader import WhatWasRead
from .roles import RoleSplit

if TYPE_CHECKING:
    from .cost import TokenSums

__all__ = [
    "CONTEXT_LENGTHS",
    "SCHEMA",
    "Coverage",
    "Day",
    "Distribution",
    "ModelMix",
    "Part",
    "Selection",
    "Sessions",
    "Totals",
    "Usage",
    "Window",
    "Workflows",
    "part",
]

SCHEMA: Final = 2
"""The version of the file; 0.7.1's had none."""

CONTEXT_LENGTHS: Final = tuple(1_024 * size for size in (8, 16, 32, 64, 128, 200, 256, 512, 1_024))
"""Context lengths that engines are commonly started with, in tokens."""


class Selection(Struct, frozen=True, kw_only=True):
    """What of the logs is counted."""

    since: float | None = None
    """Seconds since 1970; answers without a time are not counted where this or `until` is given."""
    until: float | None = None
    project: str | None = None
    """Only where the folder that was worked in has this in its path, in whatever case."""
    clients: tuple[str, ...] = ()


class Window(Struct, frozen=True, kw_only=True):
    """How many files, and which days."""

    files: int
    sessions_with_calls: int
    first_day: str | None
    last_day: str | None
    active_days: int
    undated_calls: int
    """Answers without a time, or with one before 2023 or in the future: they are in no day, hour or minute."""


class Totals(Struct, frozen=True, kw_only=True):
    """Sums of tokens; each is in one of them."""

    assistant_calls: int
    output_tokens: int
    reasoning_tokens: int
    """Part of the output, where a log tells."""
    fresh_input_tokens: int
    cache_creation_tokens: int
    cache_creation_hour_tokens: int
    """Part of those that were written to a cache: for an hour instead of five minutes."""
    cache_read_tokens: int
    total_processed: int


class ModelMix(Struct, frozen=True):
    """By model, the most called first."""

    calls: dict[str, int]
    output_tokens: dict[str, int]


class Workflows(Struct, frozen=True, kw_only=True):
    """What sub-agents did. A dispatch is an answer that starts at least one."""

    dispatches: int
    subagent_tokens: int
    """Prompts and answers of the sub-agents' own requests."""
    agent_count_p50: int
    """Sub-agents by dispatch."""
    agent_count_p95: int
    agent_count_max: int
    total_subagents: int


class Sessions(Struct, frozen=True, kw_only=True):
    """From the first answer of a session to its last."""

    count: int
    median_duration_h: float
    p95_duration_h: float
    max_duration_h: float
    median_asst_turns: int
    max_asst_turns: int
    sessions_per_active_day: float


class Day(Struct, frozen=True, kw_only=True):
    """A day of this machine's zone."""

    day: str
    out: int
    calls: int
    sessions: int
    fresh_input_tokens: int
    cache_creation_tokens: int
    cache_read_tokens: int
    cost_usd: float


class Part(Struct, frozen=True, kw_only=True):
    """One client's, model's or project's part."""

    name: str
    calls: int
    fresh_input_tokens: int
    cache_creation_tokens: int
    cache_read_tokens: int
    output_tokens: int
    total_tokens: int
    cost_usd: float | None
    """None where no model of it has a price."""


class Coverage(Struct, frozen=True):
    """How much of the work fits into a context length: prompt and answer together."""

    context_tokens: int
    calls: int
    share: float
    """From 0 to 1; 0 where there are no calls."""
    subagent_share: float
    """Of the sub-agents' calls alone."""


class Distribution(Struct, frozen=True, kw_only=True):
    """What `benchmark` replays: what was measured, for others to draw from."""

    context_tokens: Measured
    generation_tokens: Measured
    think_seconds: Measured
    """From the end of an answer to what a person says next, up to an hour."""
    request_seconds: Measured
    """From what a request answers to its end, as the client wrote both down, up to an hour."""
    calls_per_session: Measured
    cached_share: float
    """Of all prompts' tokens, what came from a cache."""


class Usage(Struct, frozen=True, kw_only=True):
    """All of it."""

    schema: int = SCHEMA
    looked_in: tuple[str, ...]
    timezone: str
    selection: Selection
    read: WhatWasRead
    window: Window
    totals: Totals
    cost: Cost
    clients: tuple[Part, ...]
    models: tuple[Part, ...]
    projects: tuple[Part, ...]
    model_mix: ModelMix
    context_size_per_call: Spread
    generation_per_call: Percentiles
    coverage: tuple[Coverage, ...]
    concurrency: Concurrency
    throughput: Throughput
    workflows: Workflows
    sessions: Sessions
    tools: dict[str, int]
    skills: dict[str, int]
    agent_types: dict[str, int]
    busiest_day: Day | None
    daily: tuple[Day, ...]
    calls_by_weekday_and_hour: tuple[tuple[int, ...], ...]
    """From Monday; by the hour of the day."""
    roles: RoleSplit
    distribution: Distribution


def part(name: str, tokens: TokenSums, cost_usd: float | None) -> Part:
    """What these sums say of one part."""
    return Part(
        name=name,
        calls=tokens.calls,
        fresh_input_tokens=tokens.fresh,
        cache_creation_tokens=tokens.written,
        cache_read_tokens=tokens.cache_read,
        output_tokens=tokens.output,
        total_tokens=tokens.total,
        cost_usd=cost_usd,
    )
