"""What a caller means with the `model` it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Intent", "Intents"]

_PREFIXES = ("anvil/", "anvil:", "openai/")
_PIN = "model:"
_DEFAULT_PRESET = "chat"


class Intent(msgspec.Struct, frozen=True):
    """A resolved intent: a preset's name, or a tier's when the caller pins one."""

    name: str
    source: str
    """`preset`, `pin`, or `default` for a name that is neither."""


class Intents:
    """Resolves model names. An unknown name is never an error: it gets the default preset."""

    def __init__(self, presets: Collection[str], tiers: Collection[str]) -> None:
        self._presets = {name.lower(): name for name in presets}
        self._tiers = {name.lower(): name for name in tiers}
        default = self._presets.get(_DEFAULT_PRESET) or next(iter(presets), None)
        # Without a preset there is only one thing left to mean: any tier, in the configuration's order.
        self._default = Intent(default, "default") if default is not None else Intent("", "default")

    def resolve(self, model: str) -> Intent:
        """The intent of `model`: a preset, else a pinned tier, else the default preset.

        Case, surrounding space and one known prefix do not matter; `claude-` before a preset is a prefix too, because
        Claude Code's discovery keeps no other ids. A preset wins over a tier of the same name.
        """
        name = model.strip().lower()
        for prefix in _PREFIXES:
            if name.startswith(prefix):
                name = name[len(prefix) :]
                break
        preset = self._presets.get(name) or self._presets.get(name.removeprefix("claude-"))
        if preset is not None:
            return Intent(preset, "preset")
        tier = self._tiers.get(name.removeprefix(_PIN))
        if tier is not None:
            return Intent(tier, "pin")
        return self._default
