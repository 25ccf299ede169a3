"""How a first configuration is written: TOML with comments for the person who will change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import tomli_w

from anvil_serving.layout import printable
from anvil_serving.substrate.deployment.family import family_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .draft import DraftTier

__all__ = ["Mode", "config_text", "framed"]

Mode = Literal["gated", "direct"]


def config_text(tiers: Sequence[DraftTier], *, port: int, date: str, mode: Mode, has_gpu: bool) -> str:
    """The whole file. Values are escaped by a library; comments hold nothing that could end them."""
    written = "".join(_tier_text(tier, has_gpu=has_gpu) for tier in tiers)
    return framed(written, [tier.id for tier in tiers if tier.model.serves_chat], port=port, date=date, mode=mode)


def framed(tiers: str, ids: Sequence[str], *, port: int, date: str, mode: Mode) -> str:
    """The whole file around tiers that are written already; `ids` are theirs, the one for large work last."""
    head = _HEAD.format(date=date, port=port, mode=mode, mode_comment=_MODE_COMMENTS[mode])
    return head + tiers + _presets(ids, mode)


def _tier_text(tier: DraftTier, *, has_gpu: bool) -> str:
    model, engine = tier.model, tier.engine
    version = f" {printable(engine.version)[:80]}" if engine.version else ""
    lines = [
        f"# {engine.kind}{version}",
        "[[router.tiers]]",
        f"id = {_value(tier.id)}",
        f"base_url = {_value(f'{engine.url}/v1')}",
        f"model = {_value(model.name)}",
        f"context_limit = {tier.context_limit}{_context_comment(tier)}",
        'privacy = "local" # prompts stay on this machine',
        'dialect = "openai"',
    ]
    if tier.serve is not None and tier.serve.auth_env is not None:
        lines.append(f"auth_env = {_value(tier.serve.auth_env)} # the name of the variable, never the key")
    lines += ['purposes = ["embeddings"]'] if not model.serves_chat else _chat_lines(tier, has_gpu=has_gpu)
    return "\n".join(lines) + "\n\n"


def _chat_lines(tier: DraftTier, *, has_gpu: bool) -> list[str]:
    model, engine = tier.model, tier.engine
    lines = []
    if len(engine.dialects) > 1:
        lines.append(f"dialects = {_values(engine.dialects)} # what it answers by itself")
    if model.takes_tools is False:
        lines.append("tool_support = false # requests that offer tools pass it by")
    if model.reads_images is not None:
        lines.append(f"vision = {_value(model.reads_images)}")
    if engine.places is not None:
        lines.append(f"max_concurrency = {engine.places} # its slots; more requests wait in the router")
    if (switch := _thinking_switch(tier)) is not None:
        lines += [
            "# No thinking unless the caller asks for it: it can spend a small `max_tokens`, and the answer is empty.",
            f"extra_body_defaults = {switch}",
        ]
    seconds, why = (
        (180, "a full window takes its time to read") if has_gpu else (600, "without a GPU, reading takes long")
    )
    lines.append(f"timeouts = {{ first_byte = {seconds} }} # seconds: {why}")
    return lines


def _thinking_switch(tier: DraftTier) -> str | None:
    """What turns thinking off in requests that do not say; None where it is off anyway, or nothing is known of it."""
    if tier.model.can_switch_thinking:
        return "{ chat_template_kwargs = { enable_thinking = false } }"
    family = family_of(None, tier.model.name) if tier.engine.kind in {"vLLM", "SGLang"} else None
    thinking = family.thinking if family is not None else None
    if thinking is None or not thinking.default or thinking.switch is None or thinking.off is None:
        return None
    switch = f"{{ {thinking.switch} = {_value(thinking.off)} }}"
    return f"{{ chat_template_kwargs = {switch} }}" if thinking.in_template else switch


def _context_comment(tier: DraftTier) -> str:
    if tier.is_context_assumed:
        return f" # assumed: {tier.engine.kind} does not say before the model is loaded; correct it to what yours gives"
    trained = tier.model.trained_context_tokens
    if trained is not None and trained > tier.context_limit:
        return f" # tokens; the model is made for {trained}, but is run with less"
    return " # tokens, prompt and answer together"


def _presets(ids: Sequence[str], mode: Mode) -> str:
    quick, heavy = _values(ids), _values(ids[-1:])
    order = (
        "The smaller model is asked first, the larger one if it fails." if len(ids) > 1 else "One model answers all."
    )
    return _PRESETS.format(order=order, quick=quick, heavy=heavy, planning_comment=_PLANNING_COMMENTS[mode])


def _values(values: Sequence[str]) -> str:
    return f"[{', '.join(_value(value) for value in values)}]"


def _value(value: str | bool) -> str:  # noqa: FBT001 - a value of TOML, not a switch
    return tomli_w.dumps({"value": value}).removeprefix("value = ").rstrip("\n")


_MODE_COMMENTS: Final = {
    "gated": 'the kind of work and the profile decide who may answer; "direct": a name leads to its tiers, no more',
    "direct": 'a name leads to its tiers, no more; "gated": the kind of work and the profile decide who may answer',
}

_PLANNING_COMMENTS: Final = {
    "gated": """\
# No local tier is trusted with planning until yours has been measured: it is answered 503, and the answer says so. To
# change that, set `mode = "direct"` above, or name measurements in [router] `profile_path`, or add a cloud tier here
# and list "planning" in [router] `metered_cloud`, which bills.
""",
    "direct": "# Planning too is answered by what is listed, as well as it can.\n",
}

_HEAD = """\
# Written by `anvil-serving init` on {date}, from what there is on this machine. It is yours to change.
# Look at all settings and their defaults: anvil-serving config show. Check it: anvil-serving config check.

[server]
host = "127.0.0.1" # reachable from this machine only, so no token is asked for
port = {port}

[router]
mode = "{mode}" # {mode_comment}
mapping_version = "init-{date}" # change it when you change the mapping; decisions are recorded under it

"""

_PRESETS = """\
# What a harness writes into `model`, and which tiers it leads to. {order}
[router.presets]
quick-edit = {quick}
chat = {quick}
{planning_comment}planning = {heavy}
review = {heavy}
long-context = {heavy}
"""
