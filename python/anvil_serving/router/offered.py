"""What a caller may name in `model`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from anvil_serving.router.intent import Intent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anvil_serving.router.policy import Policy
    from anvil_serving.upstream import Tier, Tiers

__all__ = ["OfferedModel", "offered_models"]

_ALIAS_PREFIX = "claude-"
"""Claude Code's discovery keeps only ids that begin so."""


class OfferedModel(msgspec.Struct, frozen=True):
    """A name for `model`, and what may be asked of the tier that it leads to first."""

    id: str
    display_name: str
    context_limit: int
    """Tokens, prompt and answer together."""
    max_output_tokens: int | None
    serves_chat: bool = True
    """Whether it leads to conversations, or only to embeddings and the like."""


def offered_models(policy: Policy, tiers: Tiers, presets: Mapping[str, Sequence[str]]) -> tuple[OfferedModel, ...]:
    """Presets, then tiers of other names, then presets under an alias that Claude Code shows."""
    first = {preset: _first_tier(policy, tiers, preset, ids) for preset, ids in presets.items()}
    first |= {tier.id: tier for tier in tiers if tier.id not in presets}
    names = {name: name for name in first}
    for preset in [preset for preset in presets if _serves_chat(first[preset])]:
        names.setdefault(f"{_ALIAS_PREFIX}{preset.removeprefix(_ALIAS_PREFIX)}", preset)
    return tuple(_offered(id_, name.removeprefix(_ALIAS_PREFIX), first[name]) for id_, name in names.items())


def _first_tier(policy: Policy, tiers: Tiers, preset: str, tier_ids: Sequence[str]) -> Tier:
    """The tier that is asked first; the first one listed where none may be asked."""
    attempts = policy.plan(Intent(preset, "preset"), "chat").attempts
    return attempts[0].replica.tier if attempts else tiers[tier_ids[0]]


def _offered(id_: str, name: str, tier: Tier) -> OfferedModel:
    settings = tier.settings
    shown = f"{name} (anvil-serving)"
    return OfferedModel(id_, shown, settings.context_limit, settings.max_output_tokens, _serves_chat(tier))


def _serves_chat(tier: Tier) -> bool:
    return "chat" in tier.settings.purposes
