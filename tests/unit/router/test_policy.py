from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.policies import World, cell, tier

from anvil_serving.decisions import Price
from anvil_serving.errors import PurposeUnserved
from anvil_serving.router.caller import Caller
from anvil_serving.router.rank import Held

BOTH = {"chat": ("fast", "heavy"), "quick-edit": ("fast", "heavy"), "planning": ("heavy", "cloud"), "mine": ("fast",)}
DEAR = Price(3.0, 15.0, 0.3, 3.75)


def _cloud(**more: Any) -> Any:
    return tier("cloud", privacy="cloud", **more)


# ── whom the intent means ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_presets_order_is_kept() -> None:
    world = World(tier("a"), tier("b"), tier("c"), presets={"chat": ("c", "a", "b")})
    assert world.tried() == ["c", "a", "b"]


def test_each_replica_is_an_attempt_before_the_next_tier() -> None:
    replicated = tier("a", replicas=("http://127.0.0.1:10/v1", "http://127.0.0.1:11/v1"))
    world = World(replicated, tier("b"), presets={"chat": ("a", "b")})
    plan = world.policy.plan(world.question())
    assert [attempt.tier_id for attempt in plan.attempts] == ["a", "a", "a", "b"]
    assert len({id(attempt.replica) for attempt in plan.attempts}) == 4


def test_a_pin_leads_to_its_tier_alone() -> None:
    world = World(tier("fast"), tier("heavy"), presets=BOTH | {"planning": ("heavy",)})
    assert world.tried("heavy") == ["heavy"]


def test_an_inferred_kind_of_work_leads_to_its_preset() -> None:
    world = World(tier("fast"), tier("heavy"), presets={"chat": ("fast",), "review": ("heavy",)})
    assert world.tried("unknown", "review") == ["heavy"]
    assert world.policy.plan(world.question("unknown", "review")).intent == "review"
    # As in 0.7.1: a change through many files goes where a review would.
    assert world.tried("unknown", "multi-file-refactor") == ["heavy"]
    assert world.tried("unknown", "long-context") == ["fast"]


def test_without_presets_all_tiers_are_tried_the_local_ones_first() -> None:
    world = World(_cloud(), tier("b"), tier("a"), metered_cloud=("chat",))
    assert world.tried("unknown") == ["b", "a", "cloud"]


@pytest.mark.parametrize("dialect", ["chat", "messages"])
def test_a_tier_is_asked_in_the_requests_dialect_where_it_speaks_it(dialect: str) -> None:
    world = World(
        tier("o", dialect="openai"),
        tier("a", dialect="anthropic"),
        tier("b", dialects=("openai", "anthropic")),
        presets={"chat": ("o", "a", "b")},
    )
    plan = world.policy.plan(world.question(dialect=dialect))
    assert [attempt.dialect for attempt in plan.attempts] == ["chat", "messages", dialect]


# ── filters ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("model", "work_class", "may"),
    [("planning", None, True), ("quick-edit", None, False), ("cloud", "chat", False), ("cloud", "planning", True)],
)
def test_a_cloud_tier_serves_only_the_metered_work_classes(model: str, work_class: str | None, may: bool) -> None:
    """A pin is no way around the bill."""
    presets = {"planning": ("cloud",), "quick-edit": ("cloud",)}
    world = World(tier("local"), _cloud(), presets=presets, metered_cloud=("planning",))
    assert ("cloud" in world.tried(model, work_class)) is may


def test_nothing_is_metered_by_default() -> None:
    world = World(_cloud(), presets={"chat": ("cloud",)})
    assert world.why_not() == {"cloud": "it is a cloud tier and `metered_cloud` does not list chat"}


def test_what_the_profile_denies_is_not_asked() -> None:
    world = World(tier("fast"), tier("heavy"), presets=BOTH | {"planning": ("fast", "heavy")}, cells=_denied("fast"))
    assert world.tried("planning") == ["heavy"]
    assert world.why_not("planning") == {"fast": "denied for planning: by the test"}
    assert world.tried("fast", "planning") == []  # a pin is no way around it


def _denied(tier_id: str) -> Any:
    return {(tier_id, "planning"): cell("deny", 0.4)}


@pytest.mark.parametrize(
    ("settings", "needs", "why"),
    [
        ({"tool_support": False}, {"tools": True}, "tools are offered, and its model calls none"),
        ({"vision": False}, {"images": True}, "there are images, and its model sees none"),
        ({"structured_output": False}, {"structured_output": True}, "a structured output is asked for, and"),
        ({"context_limit": 8_000}, {"prompt_tokens": 20_000}, "a prompt of about 20000 tokens does not fit 8000"),
        ({"purposes": ("embeddings",)}, {}, "its `purposes` do not list chat"),
    ],
)
def test_a_demand_that_a_tier_cannot_meet_is_named(settings: Any, needs: Any, why: str) -> None:
    world = World(tier("fast", **settings), tier("heavy"), presets=BOTH | {"planning": ("heavy",)})
    assert world.tried(**needs) == ["heavy"]
    assert world.why_not(**needs)["fast"].startswith(why)


def test_a_request_that_may_not_leave_does_not() -> None:
    world = World(tier("heavy"), _cloud(), presets={"planning": ("heavy", "cloud")}, metered_cloud=("planning",))
    assert world.tried("planning") == ["heavy", "cloud"]
    assert world.tried("planning", local_only=True) == ["heavy"]
    assert world.tried("cloud", "planning", local_only=True) == []


def test_a_ceiling_of_cost_is_held_for_the_longest_answer() -> None:
    world = World(_cloud(), presets={"chat": ("cloud",)}, metered_cloud=("chat",), prices={"cloud": DEAR})
    needs = {"prompt_tokens": 10_000, "output_tokens": 2_000}  # $0.03 and $0.03
    assert world.tried(**needs, max_cost_usd=0.061) == ["cloud"]
    assert world.why_not(**needs, max_cost_usd=0.059) == {"cloud": "may cost $0.0600, above the request's $0.059"}


def test_under_a_ceiling_an_unknown_price_is_too_high() -> None:
    world = World(_cloud(), presets={"chat": ("cloud",)}, metered_cloud=("chat",), prices={"cloud": None})
    assert world.tried(max_cost_usd=100) == []
    assert world.tried() == ["cloud"]


def test_a_slow_tier_is_passed_by_once_that_is_known() -> None:
    world = World(tier("fast"), tier("heavy"), presets={"chat": ("heavy", "fast")})
    assert world.tried(max_latency_seconds=2.0) == ["heavy", "fast"]
    world.tiers["heavy"].observe_first_byte(5.0)
    assert world.tried(max_latency_seconds=2.0) == ["fast"]


def test_a_client_reaches_the_tiers_of_its_presets_alone() -> None:
    world = World(tier("fast"), tier("heavy"), presets=BOTH | {"planning": ("heavy",)})
    caller = Caller.of("ci", ["mine"], world.settings.presets)
    assert world.tried("unknown", "bounded-edit", caller=caller) == ["fast"]
    assert world.why_not("unknown", "bounded-edit", caller=caller) == {"heavy": "client ci may not use it"}


def test_a_prompt_that_fits_nobody_is_told_as_that() -> None:
    world = World(tier("a", context_limit=4_000), tier("b", context_limit=8_000), presets={"chat": ("a", "b")})
    plan = world.policy.plan(world.question(prompt_tokens=50_000))
    assert plan.too_long is not None
    assert (plan.too_long.prompt_tokens, plan.too_long.context_limit) == (50_000, 8_000)


def test_a_prompt_is_not_too_long_for_a_tier_that_is_denied() -> None:
    world = World(tier("a", context_limit=4_000), presets={"chat": ("a",)}, cells={("a", "chat"): cell("deny", 0.1)})
    assert world.policy.plan(world.question(prompt_tokens=50_000)).too_long is None


def test_an_estimate_that_is_not_calibrated_is_not_held_against_a_tier() -> None:
    """Estimates err on the high side: to refuse a prompt that fits is worse than to have a tier refuse it."""
    world = World(tier("a", context_limit=10_000), presets={"chat": ("a",)})
    assert world.tried(prompt_tokens=14_000) == ["a"]
    for _ in range(3):
        world.calibration.observe("a", 14_000, 14_000)
    assert world.tried(prompt_tokens=14_000) == []


# ── rank ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_quality_comes_first_where_it_differs_by_more_than_the_margin() -> None:
    world = World(
        tier("fast"),
        tier("heavy"),
        presets=BOTH | {"planning": ("heavy",)},
        cells={("fast", "chat"): cell(quality=0.6)},
    )
    assert world.tried() == ["heavy", "fast"]
    assert world.tried("quick-edit") == ["fast", "heavy"]


def test_what_costs_nothing_comes_before_what_does() -> None:
    world = World(
        _cloud(),
        tier("heavy"),
        presets={"chat": ("cloud", "heavy")},
        metered_cloud=("chat",),
        prices={"cloud": DEAR},
        cells={("heavy", "chat"): cell(quality=0.8)},
    )
    assert world.tried(prompt_tokens=10) == ["heavy", "cloud"]


def test_what_could_not_be_reached_comes_last_and_is_asked_all_the_same() -> None:
    world = World(tier("fast"), tier("heavy"), presets=BOTH | {"planning": ("heavy",)})
    world.tiers["fast"].replicas[0].is_reachable = False
    assert world.tried() == ["heavy", "fast"]
    world.tiers["heavy"].replicas[0].is_reachable = False
    assert world.tried() == ["fast", "heavy"]


def test_a_tier_without_room_for_the_answer_comes_last() -> None:
    world = World(tier("fast", context_limit=8_000), tier("heavy"), presets=BOTH | {"planning": ("heavy",)})
    assert world.tried(prompt_tokens=5_000, output_tokens=32_000) == ["heavy", "fast"]
    world = World(
        tier("fast", context_limit=8_000, max_output_tokens=2_000),
        tier("heavy"),
        presets=BOTH | {"planning": ("heavy",)},
    )
    assert world.tried(prompt_tokens=5_000, output_tokens=32_000) == ["fast", "heavy"]


def test_a_full_tier_gives_way() -> None:
    world = World(tier("fast", max_concurrency=1), tier("heavy"), presets=BOTH | {"planning": ("heavy",)})
    world.tiers["fast"].replicas[0].in_flight = 1
    assert world.tried() == ["heavy", "fast"]


class TestSwapGroups:
    def _world(self) -> World:
        group = {"swap_group": "gpu"}
        return World(tier("fast", **group), tier("heavy", **group), presets=BOTH | {"planning": ("heavy",)})

    def test_a_loaded_model_comes_before_one_that_is_not(self) -> None:
        world = self._world()
        assert world.tried() == ["fast", "heavy"]
        world.residency.answered("heavy")
        assert world.tried() == ["heavy", "fast"]
        assert world.policy.plan(world.question()).displaced == "fast"

    def test_quality_is_worth_a_swap(self) -> None:
        group = {"swap_group": "gpu"}
        world = World(
            tier("fast", **group),
            tier("heavy", **group),
            presets=BOTH | {"planning": ("heavy",)},
            cells={("heavy", "chat"): cell(quality=0.5)},
        )
        world.residency.answered("heavy")
        assert world.tried() == ["fast", "heavy"]

    def test_nobody_starves(self) -> None:
        world = self._world()
        world.residency.answered("heavy")
        asked = 0
        while world.tried() == ["heavy", "fast"]:
            world.residency.displace("fast", 0.0)
            asked += 1
            assert asked < 100
        assert world.tried() == ["fast", "heavy"]
        world.residency.answered("fast")
        assert world.tried() == ["fast", "heavy"]

    def test_time_ends_it_too(self) -> None:
        world = self._world()
        world.residency.answered("heavy")
        world.residency.displace("fast", 0.0)
        assert world.tried(now=29.0) == ["heavy", "fast"]
        assert world.tried(now=31.0) == ["fast", "heavy"]

    def test_tiers_of_no_group_do_not_care(self) -> None:
        world = World(tier("fast"), tier("heavy"), presets=BOTH | {"planning": ("heavy",)})
        world.residency.answered("heavy")
        assert world.tried() == ["fast", "heavy"]


class TestConversations:
    def test_a_conversation_stays_where_it_is(self) -> None:
        world = World(tier("fast"), tier("heavy"), presets=BOTH | {"planning": ("heavy",)})
        plan = world.policy.plan(world.question(held=Held("heavy")))
        assert [each.tier for each in plan.candidates] == ["heavy", "fast"]
        assert plan.candidates[0].reason == "keeps the conversation: its beginning is in the cache there"

    def test_it_leaves_for_better_answers(self) -> None:
        world = World(
            tier("fast"),
            tier("heavy"),
            presets=BOTH | {"planning": ("heavy",)},
            cells={("fast", "chat"): cell(quality=0.6)},
        )
        assert world.tried(held=Held("fast")) == ["heavy", "fast"]
        assert world.tried(held=Held("fast", "a tool loop is open")) == ["fast", "heavy"]

    def test_it_leaves_the_cloud_for_what_costs_nothing(self) -> None:
        world = World(
            tier("heavy"),
            _cloud(),
            presets={"chat": ("heavy", "cloud")},
            metered_cloud=("chat",),
            prices={"cloud": DEAR},
        )
        assert world.tried(held=Held("cloud"), prompt_tokens=1_000) == ["heavy", "cloud"]
        assert world.tried(held=Held("cloud", "a tool loop is open"), prompt_tokens=1_000) == ["cloud", "heavy"]

    def test_what_reading_it_anew_costs_is_counted(self) -> None:
        """The other one is cheaper, but not by what its price asks for a prompt that it has not read yet."""
        world = World(
            tier("one", privacy="cloud"),
            tier("two", privacy="cloud"),
            presets={"chat": ("two", "one")},
            metered_cloud=("chat",),
            prices={"one": Price(3.0, 15.0, 0.3, 3.75), "two": Price(2.0, 10.0, 0.2, 2.5)},
        )
        assert world.tried(prompt_tokens=90_000) == ["two", "one"]
        assert world.tried(held=Held("one"), prompt_tokens=90_000) == ["one", "two"]
        assert world.tried(held=Held("one"), prompt_tokens=100, output_tokens=4_000) == ["two", "one"]

    def test_a_lock_is_no_way_around_a_denial(self) -> None:
        world = World(
            tier("fast"), tier("heavy"), presets=BOTH | {"planning": ("fast", "heavy")}, cells=_denied("fast")
        )
        assert world.tried("planning", held=Held("fast", "a tool loop is open")) == ["heavy"]

    def test_a_lock_does_not_hold_to_what_cannot_be_reached(self) -> None:
        world = World(tier("fast"), tier("heavy"), presets=BOTH | {"planning": ("heavy",)})
        world.tiers["fast"].replicas[0].is_reachable = False
        assert world.tried(held=Held("fast", "a tool loop is open")) == ["heavy", "fast"]


class TestReplicas:
    def _world(self) -> World:
        urls = tuple(f"http://127.0.0.1:{port}/v1" for port in range(10, 13))
        return World(tier("a", replicas=urls), presets={"chat": ("a",)})

    def _order(self, world: World, **more: Any) -> list[int]:
        plan = world.policy.plan(world.question(**more))
        return [attempt.replica.index for attempt in plan.attempts]

    def test_the_conversations_own_one_comes_first(self) -> None:
        world = self._world()
        assert all(self._order(world, held=Held("a"), conversation=n)[0] == 0 for n in range(20))

    def test_a_conversation_always_begins_at_the_same_one(self) -> None:
        first = {n: self._order(self._world(), conversation=n)[0] for n in range(50)}
        assert {n: self._order(self._world(), conversation=n)[0] for n in range(50)} == first
        assert set(first.values()) == {0, 1, 2, 3}

    def test_of_two_the_less_loaded_one_is_taken(self) -> None:
        world = self._world()
        for replica in world.tiers["a"].replicas[:2]:
            replica.in_flight = 50
        firsts = [self._order(world, conversation=n)[0] for n in range(144)]
        # Both choices fall on a loaded one in a sixth of all cases, and only then is it taken.
        assert sum(first < 2 for first in firsts) == pytest.approx(144 / 6, abs=1)

    def test_one_that_cannot_be_reached_comes_last(self) -> None:
        world = self._world()
        world.tiers["a"].replicas[0].is_reachable = False
        assert all(self._order(world, conversation=n)[-1] == 0 for n in range(20))
        assert self._order(world, held=Held("a", "a tool loop is open"))[-1] == 0


# ── the other mode, and the other purposes ───────────────────────────────────────────────────────────────────────────


def test_in_direct_mode_a_name_leads_to_its_tiers_and_nothing_else_is_decided() -> None:
    world = World(
        tier("fast", tool_support=False, context_limit=10),
        tier("heavy"),
        _cloud(),
        presets={"planning": ("fast", "heavy", "cloud")},
        cells=_denied("fast") | {("heavy", "planning"): cell(quality=0.99)},
        mode="direct",
    )
    question: dict[str, Any] = {"tools": True, "prompt_tokens": 50_000, "held": Held("heavy", "a tool loop is open")}
    assert world.tried("planning", **question) == ["fast", "heavy"]
    assert world.why_not("planning", **question) == {
        "cloud": "it is a cloud tier and `metered_cloud` does not list planning"
    }


def test_a_purpose_leads_to_the_tiers_that_declare_it() -> None:
    world = World(tier("fast"), tier("vectors", purposes=("embeddings",)), presets={"chat": ("fast",)})
    plan = world.policy.plan_for("embeddings", world.question("unknown"))
    assert [(attempt.tier_id, attempt.path) for attempt in plan.attempts] == [("vectors", "/embeddings")]
    with pytest.raises(PurposeUnserved):
        world.policy.plan_for("rerank", world.question("unknown"))


def test_no_purpose_bills_or_leaves_unasked() -> None:
    vectors = tier("vectors", privacy="cloud", purposes=("embeddings",))
    plan = World(vectors).policy.plan_for("embeddings", World(vectors).question("unknown"))
    assert plan.attempts == ()
    world = World(vectors, metered_cloud=("chat",))
    assert world.policy.plan_for("embeddings", world.question("unknown")).attempts != ()
    assert world.policy.plan_for("embeddings", world.question("unknown", local_only=True)).attempts == ()
