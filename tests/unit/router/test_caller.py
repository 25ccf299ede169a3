from __future__ import annotations

from anvil_serving.router.caller import ANYBODY, Caller

PRESETS = {"chat": ("fast", "heavy"), "planning": ("heavy", "cloud"), "nobody": ()}


def test_anybody_may_do_everything() -> None:
    assert ANYBODY.name is None
    assert ANYBODY.may_use("whatever")
    assert ANYBODY.may_reach("whatever")


def test_a_client_may_use_its_presets_and_reach_their_tiers() -> None:
    caller = Caller.of("ci", ["chat"], PRESETS)
    assert caller.name == "ci"
    assert [preset for preset in PRESETS if caller.may_use(preset)] == ["chat"]
    assert [tier_id for tier_id in ("fast", "heavy", "cloud", "other") if caller.may_reach(tier_id)] == [
        "fast",
        "heavy",
    ]
    both = Caller.of("ci", ["chat", "planning"], PRESETS)
    assert both.tiers == {"fast", "heavy", "cloud"}


def test_without_presets_it_is_known_by_its_name_and_may_use_all() -> None:
    caller = Caller.of("ci", [], PRESETS)
    assert caller.name == "ci"
    assert caller.may_use("planning")
    assert caller.may_reach("other")


def test_rights_that_lead_nowhere_are_not_all_rights() -> None:
    caller = Caller.of("ci", ["nobody"], PRESETS)
    assert not caller.may_reach("fast")
    assert not caller.may_use("chat")
