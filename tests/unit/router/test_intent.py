from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.router.intent import Intent, Intents

PRESETS = ["planning", "Quick-Edit", "chat", "claude-native"]
TIERS = ["fast", "Heavy", "planning", "model:odd"]


@pytest.mark.parametrize(
    ("model", "intent"),
    [
        ("planning", Intent("planning", "preset")),
        ("  PLANNING\n", Intent("planning", "preset")),
        ("quick-edit", Intent("Quick-Edit", "preset")),
        ("anvil/planning", Intent("planning", "preset")),
        ("anvil:planning", Intent("planning", "preset")),
        ("openai/planning", Intent("planning", "preset")),
        ("claude-planning", Intent("planning", "preset")),
        ("claude-native", Intent("claude-native", "preset")),
        ("claude-claude-native", Intent("claude-native", "preset")),
        ("fast", Intent("fast", "pin")),
        ("model:fast", Intent("fast", "pin")),
        ("model:HEAVY", Intent("Heavy", "pin")),
        ("anvil/model:heavy", Intent("Heavy", "pin")),
        # One prefix is taken off, not two; and `claude-` is none before a tier.
        ("anvil/anvil/planning", Intent("chat", "default")),
        ("claude-fast", Intent("chat", "default")),
        ("gpt-5.5", Intent("chat", "default")),
        ("claude-sonnet-4-5", Intent("chat", "default")),
        ("model:", Intent("chat", "default")),
        ("anvil/", Intent("chat", "default")),
        ("claude-", Intent("chat", "default")),
    ],
)
def test_a_name_has_one_meaning(model: str, intent: Intent) -> None:
    assert Intents(PRESETS, TIERS).resolve(model) == intent


def test_a_preset_wins_over_a_tier_of_its_name_unless_the_tier_is_pinned() -> None:
    intents = Intents(PRESETS, TIERS)
    assert intents.resolve("planning") == Intent("planning", "preset")
    assert intents.resolve("model:planning") == Intent("planning", "pin")


def test_the_first_preset_is_the_default_where_none_is_called_chat() -> None:
    assert Intents(["review", "planning"], TIERS).resolve("?") == Intent("review", "default")


def test_without_presets_an_unknown_name_means_any_tier() -> None:
    intents = Intents([], ["a", "b"])
    assert intents.resolve("?") == Intent("", "default")
    assert intents.resolve("B") == Intent("b", "pin")


@given(st.text())
def test_no_name_is_an_error(model: str) -> None:
    intent = Intents(PRESETS, TIERS).resolve(model)
    assert intent.name in {*PRESETS, *TIERS}


@given(st.sampled_from(PRESETS), st.sampled_from(["", "anvil/", "anvil:", "openai/", "claude-", "anvil/claude-"]))
def test_case_and_space_do_not_matter(preset: str, prefix: str) -> None:
    assert Intents(PRESETS, TIERS).resolve(f" {prefix}{preset.upper()}\t") == Intent(preset, "preset")
