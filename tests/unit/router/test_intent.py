from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.errors import Forbidden, Malformed
from anvil_serving.router.caller import ANYBODY, Caller
from anvil_serving.router.dimensions import NOTHING_NARROWED, Dimensions
from anvil_serving.router.intent import Intent, Intents

PRESETS = ["planning", "Quick-Edit", "chat", "claude-native", "mine", "bounded-edit"]
TIERS = ["fast", "Heavy", "planning", "model:odd"]
ALIASES = {"claude-*-haiku-*": "quick-edit", "GPT-*": "model:heavy", "planning": "chat", " o3 ": "Fast", "*x": "mine"}
INTENTS = Intents(PRESETS, TIERS, ALIASES)

PLANNING = Intent("preset", "planning", work_class="planning")
QUICK_EDIT = Intent("preset", "Quick-Edit", work_class="bounded-edit")
NATIVE = Intent("preset", "claude-native")
INFERRED = Intent("inferred")
CI = Caller.of("ci", ["chat", "mine"], {"chat": ["fast"], "mine": ["fast", "Heavy"]})


@pytest.mark.parametrize(
    ("model", "intent"),
    [
        ("planning", PLANNING),
        ("  PLANNING\n", PLANNING),
        ("quick-edit", QUICK_EDIT),
        ("anvil/planning", PLANNING),
        ("anvil:planning", PLANNING),
        ("openai/planning", PLANNING),
        ("claude-planning", PLANNING),
        ("claude-native", NATIVE),
        ("claude-claude-native", NATIVE),
        # A preset of somebody's own means no kind of work, unless it is called like one.
        ("mine", Intent("preset", "mine")),
        ("bounded-edit", Intent("preset", "bounded-edit", work_class="bounded-edit")),
        ("fast", Intent("pin", tier="fast")),
        ("model:fast", Intent("pin", tier="fast")),
        ("model:HEAVY", Intent("pin", tier="Heavy")),
        ("anvil/model:heavy", Intent("pin", tier="Heavy")),
        # One prefix is taken off, not two; and `claude-` is none before a tier.
        ("anvil/anvil/planning", INFERRED),
        ("claude-fast", INFERRED),
        ("gpt5.5", INFERRED),
        ("claude-sonnet-4-5", INFERRED),
        ("model:", INFERRED),
        ("anvil/", INFERRED),
        ("claude-", INFERRED),
        ("", INFERRED),
    ],
)
def test_a_name_has_one_meaning(model: str, intent: Intent) -> None:
    assert INTENTS.of_model(model) == intent
    assert INTENTS.resolve(model, NOTHING_NARROWED, ANYBODY) == intent


def test_a_preset_wins_over_a_tier_of_its_name_unless_the_tier_is_pinned() -> None:
    assert INTENTS.of_model("planning").preset == "planning"
    assert INTENTS.of_model("model:planning") == Intent("pin", tier="planning")


def test_of_names_that_differ_in_case_the_first_is_meant() -> None:
    intents = Intents(["Chat", "chat"], ["A", "a"], {})
    assert (intents.of_model("chat").preset, intents.of_model("a").tier) == ("Chat", "A")


def test_a_presets_usual_name_means_its_kind_of_work_in_any_case() -> None:
    assert Intents(["PLANNING", "Multi-File-Refactor"], [], {}).of_model("planning").work_class == "planning"
    work_class = Intents(["Multi-File-Refactor"], [], {}).of_model("multi-file-refactor").work_class
    assert work_class == "multi-file-refactor"


def test_without_presets_an_unknown_name_means_any_tier() -> None:
    intents = Intents([], ["a", "b"], {})
    assert intents.of_model("?") == INFERRED
    assert intents.of_model("?").name == ""
    assert intents.of_model("B") == Intent("pin", tier="b")


@given(st.text())
def test_no_name_is_an_error(model: str) -> None:
    assert INTENTS.resolve(model, NOTHING_NARROWED, ANYBODY).name in {*PRESETS, *TIERS, ""}


@given(
    st.sampled_from(["planning", "Quick-Edit", "chat", "claude-native"]),
    st.sampled_from(["", "anvil/", "anvil:", "openai/", "claude-", "anvil/claude-"]),
)
def test_case_and_space_do_not_matter(preset: str, prefix: str) -> None:
    intent = INTENTS.of_model(f" {prefix}{preset.upper()}\t")
    assert (intent.source, intent.preset) == ("preset", preset)


class TestAliases:
    @pytest.mark.parametrize(
        ("model", "intent"),
        [
            ("claude-3-haiku-2025", Intent("alias", "Quick-Edit", work_class="bounded-edit")),
            ("anvil/Claude-3-HAIKU-x", Intent("alias", "Quick-Edit", work_class="bounded-edit")),
            ("gpt-5.5", Intent("alias", tier="Heavy")),
            ("o3", Intent("alias", tier="fast")),
            # The whole name has to fit.
            ("my-gpt-5.5", INFERRED),
            ("o3-mini", INFERRED),
        ],
    )
    def test_a_pattern_stands_for_a_preset_or_a_tier(self, model: str, intent: Intent) -> None:
        assert INTENTS.of_model(model) == intent

    def test_the_first_that_fits_is_taken(self) -> None:
        assert INTENTS.of_model("gpt-5x").tier == "Heavy"
        assert INTENTS.of_model("5x").preset == "mine"

    def test_a_presets_own_name_comes_before_them(self) -> None:
        assert INTENTS.of_model("planning") == PLANNING

    def test_a_very_long_name_is_not_tried(self) -> None:
        assert INTENTS.of_model("a" * 255 + "x").preset == "mine"
        assert INTENTS.of_model("a" * 256 + "x") == INFERRED

    def test_many_names_are_resolved_and_few_are_kept(self) -> None:
        intents = Intents(PRESETS, TIERS, ALIASES)
        for number in range(3_000):
            assert intents.resolve(f"gpt-{number}", NOTHING_NARROWED, ANYBODY).tier == "Heavy"
        assert len(intents._kept) <= 1_024


class TestDimensions:
    @pytest.mark.parametrize("said", ["planning", "PLANNING"])
    @pytest.mark.parametrize("source", ["header", "body"])
    def test_what_is_narrowed_comes_before_the_model(self, said: str, source: str) -> None:
        narrowed = Dimensions(intent=said, intent_source=source)
        for model in ("quick-edit", "unknown", "claude-3-haiku-2025"):
            intent = INTENTS.resolve(model, narrowed, ANYBODY)
            assert intent == Intent(source, "planning", work_class="planning")

    def test_a_kind_of_work_needs_no_preset(self) -> None:
        intent = INTENTS.resolve("quick-edit", Dimensions(intent="Multi-File-Refactor"), ANYBODY)
        assert intent == Intent("header", work_class="multi-file-refactor")
        assert intent.name == "multi-file-refactor"

    def test_a_pinned_tier_stays_pinned_and_the_kind_of_work_is_taken(self) -> None:
        for model, source in (("heavy", "pin"), ("gpt-5.5", "alias")):
            intent = INTENTS.resolve(model, Dimensions(intent="planning"), ANYBODY)
            assert intent == Intent(source, tier="Heavy", work_class="planning")
        # Not for the next request.
        assert INTENTS.resolve("heavy", NOTHING_NARROWED, ANYBODY) == Intent("pin", tier="Heavy")

    @pytest.mark.parametrize("said", ["plannnig", "fast", "model:fast", "gpt-5.5", "anvil/planning"])
    def test_what_is_neither_a_preset_nor_a_kind_of_work_is_refused(self, said: str) -> None:
        with pytest.raises(Malformed, match="neither a preset of this router nor a kind of work"):
            INTENTS.resolve("chat", Dimensions(intent=said), ANYBODY)


class TestRights:
    @pytest.mark.parametrize("model", ["chat", "mine", "fast", "model:heavy", "gpt-5.5", "5x", "unknown"])
    def test_a_client_may_ask_for_its_presets_and_their_tiers(self, model: str) -> None:
        assert INTENTS.resolve(model, NOTHING_NARROWED, CI) == INTENTS.of_model(model)

    @pytest.mark.parametrize(
        ("model", "told"),
        [
            ("planning", "the preset planning"),
            ("claude-planning", "the preset planning"),
            ("claude-3-haiku-2025", "the preset Quick-Edit"),
            ("model:planning", "the tier planning"),
        ],
    )
    def test_and_for_no_other(self, model: str, told: str) -> None:
        # Whoever else asked for it before.
        assert INTENTS.resolve(model, NOTHING_NARROWED, ANYBODY).name
        with pytest.raises(Forbidden, match=told):
            INTENTS.resolve(model, NOTHING_NARROWED, CI)

    def test_nor_with_a_dimension(self) -> None:
        with pytest.raises(Forbidden, match="the preset planning"):
            INTENTS.resolve("chat", Dimensions(intent="planning"), CI)
        assert INTENTS.resolve("planning", Dimensions(intent="chat"), CI).preset == "chat"
