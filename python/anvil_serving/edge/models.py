"""The list of models: presets and tiers, in both vendors' shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["ModelList"]

_ALIAS_PREFIX = "claude-"
"""Claude Code's discovery keeps only ids that begin so."""
_EPOCH = "1970-01-01T00:00:00Z"
"""Both vendors require a date of creation; a preset has none."""


class ModelList:
    """What a caller may name in `model`."""

    def __init__(self, presets: Collection[str], tiers: Collection[str]) -> None:
        names = [*presets, *(tier for tier in tiers if tier not in presets)]
        aliases = [f"{_ALIAS_PREFIX}{preset}" for preset in presets if not preset.startswith(_ALIAS_PREFIX)]
        ids = [*names, *(alias for alias in aliases if alias not in names)]
        self._openai = msgspec.json.encode(
            {
                "object": "list",
                "data": [{"id": id_, "object": "model", "created": 0, "owned_by": "anvil-serving"} for id_ in ids],
            }
        )
        self._anthropic = msgspec.json.encode(
            {
                "data": [
                    {
                        "type": "model",
                        "id": id_,
                        "display_name": f"{id_.removeprefix(_ALIAS_PREFIX)} (anvil-serving)",
                        "created_at": _EPOCH,
                    }
                    for id_ in ids
                ],
                "has_more": False,
                "first_id": ids[0] if ids else None,
                "last_id": ids[-1] if ids else None,
            }
        )

    def render(self, *, for_anthropic: bool) -> bytes:
        """The list as JSON, in Anthropic's shape or OpenAI's."""
        return self._anthropic if for_anthropic else self._openai
