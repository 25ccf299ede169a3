from __future__ import annotations

from typing import Any

import msgspec
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


def test_a_preset_that_is_called_like_the_kind_of_work_stands_for_it() -> None:
    presets: dict[str, tuple[str, ...]] = {
        "chat": ("fast",),
        "multi-file-refactor": ("heavy",),
        "bounded-edit": ("heavy",),
    }
    world = World(tier("fast"), tier("heavy"), presets=presets)
    assert world.tried("unknown", "multi-file-refactor") == ["heavy"]
    assert world.tried("unknown", "bounded-edit") == ["heavy"]
    # The usual name comes before it.
    usual = World(tier("fast"), tier("heavy"), presets=presets | {"quick-edit": ("fast",)})
    assert usual.tried("unknown", "bounded-edit") == ["fast"]


def test_where_no_preset_stands_for_a_kind_of_work_chat_does_and_else_the_first() -> None:
    world = World(tier("fast"), tier("heavy"), presets={"mine": ("heavy",), "chat": ("fast",)})
    assert world.policy.plan(world.question("unknown", "planning")).intent == "chat"
    world = World(tier("fast"), tier("heavy"), presets={"mine": ("heavy",), "yours": ("fast",)})
    for work_class in ("chat", "planning", "multi-file-refactor"):
        assert world.policy.plan(world.question("unknown", work_class)).intent == "mine"


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


def test_what_is_allowed_under_a_condition_is_asked() -> None:
    cells = {("fast", "chat"): cell("allow-with-verify")}
    assert World(tier("fast"), presets={"chat": ("fast",)}, cells=cells).tried() == ["fast"]


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
    # $0.0375, for the prompt may be written to a cache, and $0.03.
    needs = {"prompt_tokens": 10_000, "output_tokens": 2_000, "is_capped": True}
    assert world.tried(**needs, max_cost_usd=0.068) == ["cloud"]
    assert world.why_not(**needs, max_cost_usd=0.067) == {"cloud": "may cost $0.0675, above the request's $0.067"}
    assert world.tried(**needs, answers=2, max_cost_usd=0.068) == []


def test_without_a_cap_an_answer_may_be_as_long_as_its_tier_lets_it() -> None:
    presets = {"chat": ("cloud",)}
    world = World(_cloud(), presets=presets, metered_cloud=("chat",), prices={"cloud": DEAR})
    assert world.tried(max_cost_usd=1.49) == []  # a window of 100,000 tokens
    assert world.tried(max_cost_usd=1.51) == ["cloud"]
    short = World(_cloud(max_output_tokens=1_000), presets=presets, metered_cloud=("chat",), prices={"cloud": DEAR})
    assert short.tried(max_cost_usd=0.0151) == ["cloud"]


def test_a_ceiling_of_cost_holds_in_every_mode_and_for_every_purpose() -> None:
    cloud = _cloud(purposes=("chat", "embeddings"))
    settings: dict[str, Any] = {"presets": {"chat": ("cloud",)}, "metered_cloud": ("chat",), "prices": {"cloud": DEAR}}
    assert World(cloud, **settings, mode="direct").tried(max_cost_usd=0.0) == []
    world = World(cloud, **settings)
    assert world.policy.plan_for("embeddings", world.question(max_cost_usd=0.0)).attempts == ()


def test_a_ceiling_of_cost_is_reached_only_when_it_is_passed() -> None:
    price = Price(1.0, 0.0, 1.0, 1.0)
    world = World(_cloud(), presets={"chat": ("cloud",)}, metered_cloud=("chat",), prices={"cloud": price})
    assert world.tried(prompt_tokens=50_000, max_cost_usd=0.05) == ["cloud"]
    assert world.tried(prompt_tokens=50_001, max_cost_usd=0.05) == []


def test_a_ceiling_of_cost_counts_the_whole_cap_or_what_the_tier_gives() -> None:
    presets = {"chat": ("cloud",)}
    world = World(_cloud(), presets=presets, metered_cloud=("chat",), prices={"cloud": DEAR})
    assert world.tried(output_tokens=10_000, is_capped=True, max_cost_usd=0.149) == []
    assert world.tried(output_tokens=10_000, is_capped=True, max_cost_usd=0.151) == ["cloud"]
    short = World(_cloud(max_output_tokens=1_000), presets=presets, metered_cloud=("chat",), prices={"cloud": DEAR})
    assert short.tried(output_tokens=10_000, max_cost_usd=0.0151) == ["cloud"]


def test_a_ceiling_of_cost_does_not_hope_for_the_cache() -> None:
    world = World(_cloud(), presets={"chat": ("cloud",)}, metered_cloud=("chat",), prices={"cloud": DEAR})
    question = {"prompt_tokens": 10_000, "output_tokens": 1, "held": Held("cloud", "a tool loop is open")}
    assert world.tried(**question, max_cost_usd=0.029) == []


def test_a_price_is_counted_in_the_tiers_own_tokens() -> None:
    world = World(_cloud(), presets={"chat": ("cloud",)}, metered_cloud=("chat",), prices={"cloud": DEAR})
    world.calibration.observe("cloud", 1_000, 1_500)
    needs = {"prompt_tokens": 10_000, "output_tokens": 1, "is_capped": True}
    assert world.why_not(**needs, max_cost_usd=0.05) == {"cloud": "may cost $0.0563, above the request's $0.05"}
    # What it has counted low is no reason to hope.
    for _ in range(50):
        world.calibration.observe("cloud", 1_000, 200)
    assert world.why_not(**needs, max_cost_usd=0.03) == {"cloud": "may cost $0.0375, above the request's $0.03"}


def test_what_bills_only_for_answers_bills() -> None:
    answers_only = Price(0.0, 15.0, 0.0, 0.0)
    world = World(_cloud(), presets={"chat": ("cloud",)}, metered_cloud=("chat",), prices={"cloud": answers_only})
    assert world.tried(output_tokens=1_000, max_cost_usd=0.014) == []


def test_under_a_ceiling_an_unknown_price_is_too_high() -> None:
    world = World(_cloud(), presets={"chat": ("cloud",)}, metered_cloud=("chat",), prices={"cloud": None})
    assert world.why_not(max_cost_usd=100) == {"cloud": "its price is not known, and the request may cost $100"}
    assert world.tried() == ["cloud"]


def test_a_slow_tier_is_passed_by_once_that_is_known() -> None:
    world = World(tier("fast"), tier("heavy"), presets={"chat": ("heavy", "fast")})
    assert world.tried(max_latency_seconds=2.0) == ["heavy", "fast"]
    world.tiers["heavy"].observe_first_byte(5.0, 0.0)
    assert world.tried(max_latency_seconds=2.0) == ["fast"]
    assert world.tried(max_latency_seconds=5.0) == ["heavy", "fast"]


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


def test_a_prompt_that_just_fits_is_sent() -> None:
    world = World(tier("a", context_limit=650), presets={"chat": ("a",)})
    assert world.tried(prompt_tokens=1_000) == ["a"]
    assert world.tried(prompt_tokens=1_002) == []


def test_images_are_sent_where_nobody_knows_whether_they_are_seen() -> None:
    world = World(tier("a", vision=None), tier("b", vision=False), presets={"chat": ("a", "b")})
    assert world.tried(images=True) == ["a"]


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


def test_the_margin_is_the_configurations() -> None:
    cells = {("fast", "chat"): cell(quality=0.6)}
    tiers, presets = (tier("fast"), tier("heavy")), {"chat": ("fast", "heavy")}
    assert World(*tiers, presets=presets, cells=cells, quality_margin=0.5).tried() == ["fast", "heavy"]
    assert World(*tiers, presets=presets, cells=cells, quality_margin=0.0).tried() == ["heavy", "fast"]


def test_a_plan_says_how_good_its_first_tier_is() -> None:
    cells = {("fast", "chat"): cell(quality=0.6)}
    world = World(tier("fast"), tier("heavy"), presets={"chat": ("fast", "heavy"), "mine": ("fast",)}, cells=cells)
    assert world.policy.plan(world.question()).lowest_quality == 0.9
    assert world.policy.plan(world.question("mine")).lowest_quality == 0.6


def test_few_answers_are_as_long_as_their_cap_when_prices_are_compared() -> None:
    """Up to 4,096 tokens: a dear answer weighs less than a dear prompt however high the cap."""
    dear_answer, dear_prompt = Price(1.0, 20.0, 1.0, 1.0), Price(3.0, 5.0, 3.0, 3.0)
    world = World(
        tier("a", privacy="cloud"),
        tier("b", privacy="cloud"),
        presets={"chat": ("a", "b")},
        metered_cloud=("chat",),
        prices={"a": dear_answer, "b": dear_prompt},
    )
    assert world.tried(prompt_tokens=50_000, output_tokens=64_000) == ["a", "b"]
    assert world.tried(prompt_tokens=10_000, output_tokens=64_000) == ["b", "a"]
    assert world.tried(prompt_tokens=10_000, output_tokens=100) == ["a", "b"]


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


def test_one_replica_that_can_be_reached_is_enough() -> None:
    replicated = tier("fast", replicas=("http://127.0.0.1:10/v1",))
    world = World(replicated, tier("heavy"), presets={"chat": ("fast", "heavy")})
    world.tiers["fast"].replicas[0].is_reachable = False
    assert world.tried() == ["fast", "heavy"]


def test_an_answer_that_just_fits_has_room() -> None:
    world = World(tier("fast", context_limit=1_000), tier("heavy"), presets={"chat": ("fast", "heavy")})
    assert world.tried(prompt_tokens=1_000, output_tokens=350) == ["fast", "heavy"]
    assert world.tried(prompt_tokens=1_000, output_tokens=351) == ["heavy", "fast"]


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


def test_who_has_seen_a_bad_answer_break_off_is_answered_by_another() -> None:
    world = World(tier("fast"), tier("heavy"), presets=BOTH | {"planning": ("heavy",)})
    assert world.tried() == ["fast", "heavy"]
    assert world.tried(broken_by="fast") == ["heavy", "fast"]
    assert World(tier("fast"), presets={"chat": ("fast",)}).tried(broken_by="fast") == ["fast"]


class TestSwapGroups:
    def _world(self) -> World:
        group = {"swap_group": "gpu"}
        return World(tier("fast", **group), tier("heavy", **group), presets=BOTH | {"planning": ("heavy",)})

    def test_a_loaded_model_comes_before_one_that_is_not(self) -> None:
        world = self._world()
        assert world.tried() == ["fast", "heavy"]
        world.residency.asked("heavy")
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
        world.residency.asked("heavy")
        assert world.tried() == ["fast", "heavy"]

    def test_nobody_starves(self) -> None:
        world = self._world()
        world.residency.asked("heavy")
        asked = 0
        while world.tried() == ["heavy", "fast"]:
            world.residency.displace("fast", 0.0)
            asked += 1
            assert asked < 100
        assert world.tried() == ["fast", "heavy"]
        world.residency.asked("fast")
        assert world.tried() == ["fast", "heavy"]

    def test_time_ends_it_too(self) -> None:
        world = self._world()
        world.residency.asked("heavy")
        world.residency.displace("fast", 0.0)
        assert world.tried(now=29.0) == ["heavy", "fast"]
        assert world.tried(now=31.0) == ["fast", "heavy"]

    def test_tiers_of_no_group_do_not_care(self) -> None:
        world = World(tier("fast"), tier("heavy"), presets=BOTH | {"planning": ("heavy",)})
        world.residency.asked("heavy")
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

    def test_whichever_that_is(self) -> None:
        world = self._world()
        for index in range(4):
            question = msgspec.structs.replace(world.question(held=Held("a")), held_replica=index)
            assert world.policy.plan(question).attempts[0].replica.index == index

    def test_one_that_is_not_there_any_more_is_not_waited_for(self) -> None:
        world = self._world()
        question = msgspec.structs.replace(world.question(held=Held("a"), conversation=5), held_replica=4)
        order = [attempt.replica.index for attempt in world.policy.plan(question).attempts]
        assert order == self._order(world, conversation=5)

    def test_anothers_is_nothing_to_go_by(self) -> None:
        urls = ("http://127.0.0.1:10/v1", "http://127.0.0.1:11/v1")
        world = World(tier("a", replicas=urls), tier("b", replicas=urls), presets={"chat": ("a", "b")})
        for conversation in range(12):
            question = world.question(held=Held("b", "a lock"), conversation=conversation)
            anew = world.policy.plan(msgspec.structs.replace(question, held=None))
            held = world.policy.plan(msgspec.structs.replace(question, held_replica=2))
            assert held.attempts[0].replica.index == 2
            assert [each.replica.index for each in held.attempts if each.tier_id == "a"] == [
                each.replica.index for each in anew.attempts if each.tier_id == "a"
            ]

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

    def test_of_two_the_one_that_can_be_reached_is_taken(self) -> None:
        for conversation in range(12):
            one = self._order(self._world(), conversation=conversation)[0]
            world = self._world()
            replicas = world.tiers["a"].replicas
            replicas[one].in_flight = 9
            other = self._order(world, conversation=conversation)[0]
            assert one != other
            replicas[one].in_flight = 0
            replicas[one].is_reachable = False
            replicas[other].in_flight = 1
            assert self._order(world, conversation=conversation)[0] == other

    def test_the_others_follow_by_what_they_have_to_do(self) -> None:
        world = self._world()
        for replica, running in zip(world.tiers["a"].replicas, (3, 1, 4, 2), strict=True):
            replica.in_flight = running
        order = self._order(world, held=Held("a"))
        assert order == [0, 1, 3, 2]

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


def test_in_direct_mode_a_place_is_said_by_its_number() -> None:
    def reasons(*question: Any, **presets: tuple[str, ...]) -> list[str]:
        world = World(tier("fast"), tier("heavy"), presets=presets, mode="direct")
        return [each.reason for each in world.policy.plan(world.question(*question)).candidates]

    assert reasons("planning", planning=("heavy", "fast")) == ["number 1 of planning", "number 2 of planning"]
    assert reasons("unknown") == ["number 1 of all tiers", "number 2 of all tiers"]
    assert reasons("heavy") == ["number 1 of heavy"]


def test_in_direct_mode_a_clients_rights_and_privacy_hold_all_the_same() -> None:
    world = World(
        tier("fast"),
        tier("heavy"),
        _cloud(),
        presets={"chat": ("fast", "heavy", "cloud"), "mine": ("fast", "cloud")},
        metered_cloud=("chat",),
        mode="direct",
    )
    caller = Caller.of("ci", ["mine"], world.settings.presets)
    assert world.tried("chat") == ["fast", "heavy", "cloud"]
    assert world.tried("chat", caller=caller) == ["fast", "cloud"]
    assert world.tried("chat", caller=caller, local_only=True) == ["fast"]


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


class TestPurposes:
    def _world(self) -> World:
        vectors = {"purposes": ("embeddings",)}
        return World(
            tier("cloud", privacy="cloud", **vectors),
            tier("one", **vectors),
            tier("two", **vectors),
            tier("fast"),
            presets={"chat": ("fast",), "search": ("fast", "two"), "both": ("two", "one")},
            metered_cloud=("chat",),
        )

    def _tried(self, model: str, **more: Any) -> list[str]:
        world = self._world()
        plan = world.policy.plan_for("embeddings", world.question(model, **more))
        assert [each.place for each in plan.candidates if each.place is not None] == list(
            range(1, len(plan.attempts) + 1)
        )
        assert plan.intent == "embeddings"
        return [attempt.tier_id for attempt in plan.attempts]

    def test_without_a_name_all_are_tried_the_local_ones_first(self) -> None:
        assert self._tried("unknown") == ["one", "two", "cloud"]

    def test_a_name_leads_to_those_of_its_tiers_that_declare_it(self) -> None:
        assert self._tried("search") == ["two"]
        assert self._tried("both") == ["two", "one"]
        assert self._tried("model:one") == ["one"]

    def test_a_name_that_means_nobody_who_declares_it_means_all(self) -> None:
        assert self._tried("chat") == ["one", "two", "cloud"]

    def test_a_client_reaches_its_own_alone(self) -> None:
        caller = Caller.of("ci", ["search"], self._world().settings.presets)
        assert self._tried("unknown", caller=caller) == ["two"]
        assert self._tried("both", caller=caller) == ["two"]


# ── tiers that are left alone ────────────────────────────────────────────────────────────────────────────────────────


def test_a_tier_whose_breaker_is_open_is_not_asked_and_the_reason_says_until_when() -> None:
    world = World(tier("fast"), tier("heavy"), presets=BOTH | {"planning": ("heavy",)})
    world.breaks("fast")
    assert world.tried() == ["heavy"]
    assert world.why_not() == {"fast": "its breaker is open: 5 failures in 30 s, tried again in 2 s"}
    assert world.tried(now=2.0) == ["fast", "heavy"]


def test_an_open_conversation_goes_elsewhere_when_its_tier_is_left_alone() -> None:
    world = World(tier("fast"), tier("heavy"), presets=BOTH | {"planning": ("heavy",)})
    world.breaks("fast")
    assert world.tried(held=Held("fast", "a tool loop is open")) == ["heavy"]


def test_of_several_addresses_those_that_are_well_are_asked() -> None:
    urls = ("http://127.0.0.1:10/v1", "http://127.0.0.1:11/v1")
    world = World(tier("fast", replicas=urls), presets={"chat": ("fast",)})
    world.breaks("fast", 0, 2)
    for conversation in range(12):
        plan = world.policy.plan(world.question(conversation=conversation))
        assert [attempt.replica.index for attempt in plan.attempts] == [1]


def test_where_all_are_left_alone_the_plan_says_when_the_first_is_not() -> None:
    world = World(tier("fast"), tier("heavy"), presets=BOTH | {"planning": ("heavy",)})
    world.breaks("heavy")
    world.clock = 1.5
    world.breaks("fast")
    plan = world.policy.plan(world.question(now=1.5))
    assert plan.attempts == ()
    assert plan.tried_again_in == 0.5


def test_who_may_not_answer_anyway_is_not_waited_for() -> None:
    world = World(tier("fast", tool_support=False), presets={"chat": ("fast",)})
    world.breaks("fast")
    plan = world.policy.plan(world.question(tools=True))
    assert plan.tried_again_in is None


def test_a_prompt_is_not_called_too_long_while_the_tier_that_has_room_for_it_is_left_alone() -> None:
    world = World(tier("fast", context_limit=1_000), tier("heavy"), presets=BOTH | {"planning": ("heavy",)})
    world.breaks("heavy")
    plan = world.policy.plan(world.question(prompt_tokens=50_000))
    assert plan.too_long is None
    assert plan.tried_again_in == 2.0


def test_a_request_of_no_dialect_passes_by_what_is_left_alone() -> None:
    world = World(tier("one", purposes=("embeddings",)), tier("two", purposes=("embeddings",)))
    world.breaks("one")
    plan = world.policy.plan_for("embeddings", world.question())
    assert [attempt.tier_id for attempt in plan.attempts] == ["two"]
    world.breaks("two")
    assert world.policy.plan_for("embeddings", world.question()).tried_again_in == 2.0
