"""What holds for every configuration and every request, whatever the policy weighs."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.policies import World, cell, replace_needs, tier

from anvil_serving.config import PRESET_WORK_CLASSES, WORK_CLASSES
from anvil_serving.decisions import Price
from anvil_serving.router.caller import ANYBODY, Caller
from anvil_serving.router.rank import Held

IDS = ("a", "b", "c", "d")
PRESETS = tuple(PRESET_WORK_CLASSES)

_settings = st.fixed_dictionaries(
    {
        "privacy": st.sampled_from(["local", "cloud"]),
        "context_limit": st.sampled_from([4_000, 32_000, 200_000]),
        "tool_support": st.booleans(),
        "vision": st.sampled_from([None, True, False]),
        "structured_output": st.booleans(),
        "swap_group": st.sampled_from([None, "gpu"]),
        "max_concurrency": st.sampled_from([None, 1]),
    }
)
_cells = st.builds(
    cell, st.sampled_from(["allow", "allow-with-verify", "deny"]), st.sampled_from([0.3, 0.6, 0.7, 0.85, 0.95])
)
_prices = st.sampled_from([Price(0.0, 0.0, 0.0, 0.0), Price(1.0, 5.0, 0.1, 1.25), Price(5.0, 25.0, 0.5, 6.25), None])
_pools = st.lists(st.sampled_from(IDS), min_size=1, max_size=4, unique=True).map(tuple)
_needs = st.fixed_dictionaries(
    {
        "prompt_tokens": st.sampled_from([0, 3_000, 30_000, 150_000, 1_000_000]),
        "output_tokens": st.sampled_from([1, 1_024, 64_000]),
        "tools": st.booleans(),
        "images": st.booleans(),
        "structured_output": st.booleans(),
        "local_only": st.booleans(),
        "max_cost_usd": st.sampled_from([None, 0.0, 0.01, 10.0]),
        "max_latency_seconds": st.sampled_from([None, 1.0, 10.0]),
    }
)
NAMES = (*PRESETS, *IDS, "model:a", "unknown")


@st.composite
def _worlds(draw: Any) -> dict[str, Any]:
    """The arguments of a `World`, and what is known of its tiers at the moment."""
    return {
        "tiers": [draw(_settings) for _ in IDS],
        "presets": {name: draw(_pools) for name in PRESETS},
        "cells": {(tier_id, work_class): draw(_cells) for tier_id in IDS for work_class in WORK_CLASSES},
        "prices": {tier_id: draw(_prices) for tier_id in IDS},
        "metered_cloud": tuple(draw(st.sets(st.sampled_from(WORK_CLASSES)))),
        "unreachable": draw(st.sets(st.sampled_from(IDS))),
        "loaded": draw(st.sampled_from([None, *IDS])),
        "first_byte": {tier_id: draw(st.sampled_from([None, 0.5, 5.0])) for tier_id in IDS},
        "busy": draw(st.sets(st.sampled_from(IDS))),
        "broken": draw(st.sets(st.sampled_from(IDS))),
    }


def _world(described: dict[str, Any], *, without: frozenset[str] = frozenset()) -> World:
    kept = [tier_id for tier_id in IDS if tier_id not in without]
    presets = {
        name: pool
        for name, ids in described["presets"].items()
        if (pool := tuple(tier_id for tier_id in ids if tier_id in kept))
    }
    world = World(
        *(tier(tier_id, **described["tiers"][IDS.index(tier_id)]) for tier_id in kept),
        presets=presets,
        cells={key: value for key, value in described["cells"].items() if key[0] in kept},
        prices={tier_id: price for tier_id, price in described["prices"].items() if tier_id in kept},
        metered_cloud=described["metered_cloud"],
    )
    for each in world.tiers:
        each.replicas[0].is_reachable = each.id not in described["unreachable"]
        each.replicas[0].in_flight = int(each.id in described["busy"])
        waited = described["first_byte"][each.id]
        if waited is not None:
            each.observe_first_byte(waited, 0.0)
    for tier_id in described["broken"].intersection(kept):
        world.breaks(tier_id)
    if described["loaded"] in kept:
        world.residency.asked(described["loaded"])
    return world


_questions = st.fixed_dictionaries(
    {
        "model": st.sampled_from(NAMES),
        "work_class": st.sampled_from(WORK_CLASSES),
        "needs": _needs,
        "held": st.sampled_from([None, *(Held(tier_id, lock) for tier_id in IDS for lock in (None, "a loop"))]),
        "allowed": st.sampled_from([None, ("chat",), ("planning", "review")]),
    }
)


def _asked(world: World, described: dict[str, Any], **changed: Any) -> Any:
    said = described | changed
    allowed = said["allowed"]
    caller = ANYBODY
    if allowed is not None:
        caller = Caller.of("ci", [name for name in allowed if name in world.settings.presets], world.settings.presets)
    intent = world.intent(said["model"])
    work_class = intent.work_class or said["work_class"]
    return world.question(said["model"], work_class, caller=caller, held=said["held"], **said["needs"])


def _candidates(world: World, question: Any) -> set[str]:
    return {attempt.tier_id for attempt in world.policy.plan(question).attempts}


@given(_worlds(), _questions)
def test_every_tier_is_named_once_with_a_reason(described: dict[str, Any], asked: dict[str, Any]) -> None:
    world = _world(described)
    plan = world.policy.plan(_asked(world, asked))
    placed = [each.tier for each in plan.candidates if each.place is not None]
    assert len({each.tier for each in plan.candidates}) == len(plan.candidates)
    assert all(each.reason for each in plan.candidates)
    assert placed == list(dict.fromkeys(attempt.tier_id for attempt in plan.attempts))
    assert [each.place for each in plan.candidates if each.place is not None] == list(range(1, len(placed) + 1))
    assert plan.too_long is None or not plan.attempts
    assert plan.tried_again_in is None or not (plan.attempts or plan.too_long)
    assert described["broken"].isdisjoint(placed)


@given(_worlds(), _questions)
def test_the_same_question_has_the_same_answer(described: dict[str, Any], asked: dict[str, Any]) -> None:
    world = _world(described)
    question = _asked(world, asked)
    first = world.policy.plan(question)
    again = world.policy.plan(question)
    assert (first.candidates, first.too_long, first.displaced) == (again.candidates, again.too_long, again.displaced)


@given(_worlds(), _questions, st.data())
def test_a_constraint_never_adds_a_candidate(described: dict[str, Any], asked: dict[str, Any], data: Any) -> None:
    world = _world(described)
    question = _asked(world, asked)
    before = _candidates(world, question)
    tighter = {
        "local_only": True,
        "tools": True,
        "images": True,
        "structured_output": True,
        "max_cost_usd": 0.0,
        "max_latency_seconds": 0.1,
        "prompt_tokens": 10_000_000,
    }
    name = data.draw(st.sampled_from(sorted(tighter)))
    assert _candidates(world, replace_needs(question, **{name: tighter[name]})) <= before
    caller = Caller.of("ci", ["chat"], world.settings.presets)
    if question.caller is ANYBODY:
        assert caller.tiers is not None
        rights = _candidates(world, msgspec.structs.replace(question, caller=caller))
        assert rights <= caller.tiers
        # Where what is inferred leads to nothing of its own, a client is left with what it may reach.
        assert rights <= before or question.intent.source == "inferred"


@given(_worlds(), _questions, st.sampled_from(IDS))
def test_a_denial_takes_that_tier_away_and_adds_none(
    described: dict[str, Any], asked: dict[str, Any], denied: str
) -> None:
    world = _world(described)
    before = _candidates(world, _asked(world, asked))
    cells = described["cells"] | {(denied, work_class): cell("deny", 0.3) for work_class in WORK_CLASSES}
    after = _world(described | {"cells": cells})
    assert _candidates(after, _asked(after, asked)) == before - {denied}


@given(_worlds(), _questions)
def test_a_denied_tier_is_reached_by_no_way(described: dict[str, Any], asked: dict[str, Any]) -> None:
    world = _world(described)
    question = _asked(world, asked)
    for tier_id in _candidates(world, question):
        assert described["cells"][tier_id, question.work_class].verdict != "deny"


@given(_worlds(), _questions, st.sets(st.sampled_from(IDS), max_size=3).map(frozenset))
def test_whatever_is_removed_a_request_that_may_not_leave_stays(
    described: dict[str, Any], asked: dict[str, Any], removed: frozenset[str]
) -> None:
    world = _world(described, without=removed)
    question = replace_needs(_asked(world, asked), local_only=True)
    assert all(world.tiers[tier_id].settings.privacy == "local" for tier_id in _candidates(world, question))


@given(_worlds(), _questions)
def test_nothing_bills_that_is_not_metered(described: dict[str, Any], asked: dict[str, Any]) -> None:
    world = _world(described)
    question = _asked(world, asked)
    for tier_id in _candidates(world, question):
        is_cloud = world.tiers[tier_id].settings.privacy == "cloud"
        assert not is_cloud or question.work_class in described["metered_cloud"]


@given(_worlds(), _questions)
def test_better_work_is_never_behind_by_more_than_the_margin(described: dict[str, Any], asked: dict[str, Any]) -> None:
    """Except for what is asked only as a last resort, and for a conversation that stays where it is."""
    world = _world(described)
    question = _asked(world, asked, held=None)
    plan = world.policy.plan(question)
    placed = [each for each in plan.candidates if each.place is not None and not each.reason.startswith("last resort")]
    for index, each in enumerate(placed):
        assert all(each.quality + 0.2 + 1e-9 >= later.quality for later in placed[index + 1 :])
