"""What a caller may name in `model`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from anvil_serving.router.needs import Needs
from anvil_serving.router.policy import Question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anvil_serving.router.caller import Caller
    from anvil_serving.router.intent import Intents
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
    preset: str | None = None
    """The preset that it names; None: it names the tier."""
    tier_id: str = ""
    """The tier that it leads to first."""

    def is_for(self, caller: Caller) -> bool:
        """Whether this caller may name it."""
        return caller.may_reach(self.tier_id) if self.preset is None else caller.may_use(self.preset)


def offered_models(
    policy: Policy, intents: Intents, tiers: Tiers, presets: Mapping[str, Sequence[str]]
) -> tuple[OfferedModel, ...]:
    """Presets, then tiers of other names, then presets under an alias that Claude Code shows."""
    first = {preset: _first_tier(policy, intents, tiers, preset, ids) for preset, ids in presets.items()}
    first |= {tier.id: tier for tier in tiers if tier.id not in presets}
    names = {name: name for name in first}
    for preset in [preset for preset in presets if _serves_chat(first[preset])]:
        names.setdefault(f"{_ALIAS_PREFIX}{preset.removeprefix(_ALIAS_PREFIX)}", preset)
    return tuple(_offered(id_, name, first[name], is_preset=name in presets) for id_, name in names.items())


def _first_tier(policy: Policy, intents: Intents, tiers: Tiers, preset: str, tier_ids: Sequence[str]) -> Tier:
    """The tier that is asked first; the first one listed where none may be asked."""
    intent = intents.of_model(preset)
    # At the end of time, when no breaker is open: what is listed does not change with how tiers fare.
    attempts = policy.plan(Question(intent, intent.work_class or "chat", "chat", Needs(), now=math.inf)).attempts
    return attempts[0].replica.tier if attempts else tiers[tier_ids[0]]


def _offered(id_: str, name: str, tier: Tier, *, is_preset: bool) -> OfferedModel:
    settings = tier.settings
    return OfferedModel(
        id_,
        f"{name.removeprefix(_ALIAS_PREFIX)} (anvil-serving)",
        settings.context_limit,
        settings.max_output_tokens,
        _serves_chat(tier),
        name if is_preset else None,
        tier.id,
    )


def _serves_chat(tier: Tier) -> bool:
    return "chat" in tier.settings.purposes
