"""What a caller means with the `model` it names."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING

import msgspec

from anvil_serving.config import PRESET_WORK_CLASSES, WORK_CLASSES
from anvil_serving.errors import Forbidden, Malformed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from anvil_serving.router.caller import Caller
    from anvil_serving.router.dimensions import Dimensions

__all__ = ["Intent", "Intents"]

_PREFIXES = ("anvil/", "anvil:", "openai/")
_PIN = "model:"
_NAME_LIMIT = 256
"""Characters of a name that anything can be known by; patterns are not tried on longer ones."""
_KEPT_NAMES = 1_024
"""Resolved names that are remembered: callers repeat themselves."""


class Intent(msgspec.Struct, frozen=True, gc=False):
    """A resolved intent: a preset, a pinned tier, a kind of work, or nothing."""

    source: str
    """`preset`, `pin`, `alias`, `header`, `body`, or `inferred` for a name that is none."""
    preset: str | None = None
    tier: str | None = None
    """The tier that the caller pins."""
    work_class: str | None = None
    """The kind of work that it declares; None: to be inferred."""

    @property
    def name(self) -> str:
        """What it is called in headers and records."""
        return self.preset or self.tier or self.work_class or ""


_INFERRED = Intent("inferred")


class Intents:
    """Resolves model names. An unknown name is never an error: what is meant is then inferred from the request."""

    def __init__(self, presets: Collection[str], tiers: Collection[str], aliases: Mapping[str, str]) -> None:
        self._presets = {name.lower(): _preset_intent(name) for name in reversed(tuple(presets))}
        self._tiers = {name.lower(): Intent("pin", tier=name) for name in reversed(tuple(tiers))}
        self._aliases = [
            (re.compile(translate(pattern.strip().lower())), self._target(target))
            for pattern, target in aliases.items()
        ]
        self._kept: dict[str, Intent] = {}

    def resolve(self, model: str, narrowed: Dimensions, caller: Caller) -> Intent:
        """The intent of a request.

        A pin in `model` stands; otherwise what a dimension names comes before it. Raises `Forbidden` when the caller
        may not ask for it, and `Malformed` when a dimension names nothing that is known.
        """
        intent = self._kept.get(model)
        if intent is None:
            intent = self._keep(model)
        if narrowed.intent is not None:
            declared = self._declared(narrowed.intent, narrowed.intent_source)
            intent = msgspec.structs.replace(intent, work_class=declared.work_class) if intent.tier else declared
        if caller.presets is not None:
            _check_rights(intent, caller)
        return intent

    def _keep(self, model: str) -> Intent:
        intent = self.of_model(model)
        if len(self._kept) < _KEPT_NAMES and len(model) <= _NAME_LIMIT:
            self._kept[model] = intent
        return intent

    def of_model(self, model: str) -> Intent:
        """What a name means: a preset, else a pinned tier, else what an alias stands for, else it is to be inferred.

        Case, surrounding space and one known prefix do not matter; `claude-` before a preset is a prefix too, because
        Claude Code's discovery keeps no other ids. A preset wins over a tier of the same name.
        """
        name = model.strip().lower()
        for prefix in _PREFIXES:
            if name.startswith(prefix):
                name = name[len(prefix) :]
                break
        known = (
            self._presets.get(name)
            or self._presets.get(name.removeprefix("claude-"))
            or self._tiers.get(name.removeprefix(_PIN))
        )
        if known is not None or len(name) > _NAME_LIMIT:
            return known or _INFERRED
        return next((target for pattern, target in self._aliases if pattern.match(name)), _INFERRED)

    def _target(self, target: str) -> Intent:
        """What an alias stands for; the configuration's rules have seen that it is there."""
        name = target.lower()
        intent = self._presets.get(name) or self._tiers[name.removeprefix(_PIN)]
        return msgspec.structs.replace(intent, source="alias")

    def _declared(self, name: str, source: str) -> Intent:
        preset = self._presets.get(name.lower())
        if preset is not None:
            return msgspec.structs.replace(preset, source=source)
        if name.lower() in WORK_CLASSES:
            return Intent(source, work_class=name.lower())
        raise Malformed(f"the intent is neither a preset of this router nor a kind of work ({', '.join(WORK_CLASSES)})")


def _preset_intent(name: str) -> Intent:
    work_class = PRESET_WORK_CLASSES.get(name.lower()) or (name.lower() if name.lower() in WORK_CLASSES else None)
    return Intent("preset", preset=name, work_class=work_class)


def _check_rights(intent: Intent, caller: Caller) -> None:
    if intent.preset is not None and not caller.may_use(intent.preset):
        raise Forbidden(f"this token may not use the preset {intent.preset}")
    if intent.tier is not None and not caller.may_reach(intent.tier):
        raise Forbidden(f"this token may not use the tier {intent.tier}")
