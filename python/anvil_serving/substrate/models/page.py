"""A card, and the list of all of them, as Markdown. What files say is text there and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from anvil_serving.layout import count, printable, size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .card import EngineFit, ModelCard

__all__ = [
    "MARK",
    "card_page",
    "facts",
    "index_page",
    "loaded_by",
    "parameters_in_short",
    "tokens_in_short",
]

MARK: Final = "<!-- written by `anvil-serving models sync`, and written again by the next -->"
"""The first line of a page: a file that begins otherwise is somebody else's."""

# Markdown's own punctuation (CommonMark, section 2.4, may have a backslash before it), and what begins HTML.
_PUNCTUATION: Final = re.compile(r"([\\`*_\[\]<>|~#!&])")


def card_page(card: ModelCard) -> str:
    """The page of one model."""
    lines = [MARK, "", f"# {_plain(card.name)}", ""]
    lines += [f"- {_plain(label)}: {_plain(value)}" for label, value in [("where", card.path), *facts(card)]]
    lines += ["", "| engine | loads it | |", "|---|---|---|"]
    lines += [f"| {fit.engine} | {fit.loadable} | {_plain(_why(fit))} |" for fit in card.engines]
    return "\n".join(lines) + "\n"


def index_page(cards: Sequence[ModelCard], pages: Mapping[ModelCard, str], synced_at: str) -> str:
    """The table of all models; `pages` is where the page of each is."""
    lines = [MARK, "", "# Models on this machine", "", f"{len(cards)} models, read at {synced_at}.", ""]
    lines += ["| model | format | size | parameters | context | quantisation | licence | thinks | loaded by |"]
    lines += ["|---|---|--:|--:|--:|---|---|---|---|"]
    for card in cards:
        cells = (
            card.format or "no weights",
            size(card.sizes.size_bytes),
            parameters_in_short(card.shape.parameters),
            tokens_in_short(card.shape.context_tokens),
            card.shape.quantisation.scheme if card.shape.quantisation else (card.shape.dtype or "-"),
            card.licence or "-",
            card.thinking or "-",
            loaded_by(card),
        )
        lines.append(f"| [{_plain(card.name)}]({pages[card]}) | {' | '.join(_plain(cell) for cell in cells)} |")
    return "\n".join(lines) + "\n"


def facts(card: ModelCard) -> list[tuple[str, str]]:
    """What a card says but for its name and place, as labels and values; what is not known is left out."""
    shape, sampling = card.shape, card.sampling
    draws = {name: getattr(sampling, name) for name in sampling.__struct_fields__}
    found: tuple[tuple[str, str | None], ...] = (
        ("from", card.source),
        ("revision", _revision(card)),
        ("not whole", None if card.whole else "; ".join(card.problems) or "no weights are there"),
        ("unread", "; ".join(card.problems) if card.whole and card.problems else None),
        ("format", card.format),
        ("size", f"{count(card.sizes.size_bytes)} bytes, weights {count(card.sizes.weights_bytes)}"),
        ("on the disk", f"{count(card.disk_bytes)} bytes" if card.disk_bytes != card.sizes.size_bytes else None),
        ("architecture", shape.architecture),
        ("parameters", None if shape.parameters is None else count(shape.parameters)),
        ("experts", _experts(card)),
        ("stored as", ", ".join(f"{stored.dtype} {count(stored.numbers)}" for stored in card.stored_as) or shape.dtype),
        ("quantisation", _quantisation(card)),
        ("context", None if shape.context_tokens is None else f"{count(shape.context_tokens)} tokens"),
        ("attention", _attention(card)),
        ("cache", _cache(card)),
        ("licence", card.licence),
        ("made from", card.base_model),
        ("task", card.task),
        ("thinking", _thinking(card)),
        ("tools", None if card.tools is None else "in its chat template" if card.tools else "not in its chat template"),
        ("draws with", ", ".join(f"{name} {value:g}" for name, value in draws.items() if value is not None) or None),
        ("asked the Hub", ", ".join(card.from_hub) or None),
    )
    return [(label, value) for label, value in found if value is not None]


def loaded_by(card: ModelCard) -> str:
    """The engines that load it, with a question mark behind those that perhaps do."""
    marks = {"yes": "", "perhaps": "?"}
    return ", ".join(f"{fit.engine}{marks[fit.loadable]}" for fit in card.engines if fit.loadable in marks) or "none"


def tokens_in_short(tokens: int | None) -> str:
    """A window as people say it: 131,072 tokens are 128K."""
    return "-" if tokens is None else f"{tokens // 1024}K" if tokens >= 1024 else str(tokens)


def parameters_in_short(parameters: int | None) -> str:
    """Parameters as people say them: 8.03B, 268M."""
    if parameters is None:
        return "-"
    if parameters >= 10**9:
        return f"{parameters / 1e9:.3g}B" if parameters < 10**12 else f"{parameters / 1e12:.3g}T"
    return f"{parameters / 1e6:.3g}M" if parameters >= 10**6 else f"{parameters / 1e3:.3g}K"


def _why(fit: EngineFit) -> str:
    return "; ".join((*((fit.reason,) if fit.reason else ()), *fit.caveats))


def _revision(card: ModelCard) -> str | None:
    if card.revision is None:
        return None
    return card.revision + (f", of {card.revisions} in the cache" if card.revisions > 1 else "")


def _experts(card: ModelCard) -> str | None:
    if card.shape.experts is None:
        return None
    used = card.shape.experts_per_token
    return f"{card.shape.experts}" + (f", {used} for each token" if used else "")


def _quantisation(card: ModelCard) -> str | None:
    held = card.shape.quantisation
    if held is None:
        return None
    return f"{held.scheme} ({held.method}" + (f", {held.bits} bits)" if held.bits else ")")


def _attention(card: ModelCard) -> str | None:
    groups = card.shape.attention
    if groups is None:
        return None
    said = [
        f"{group.layers} {group.kind} of {group.kv_heads} x {group.key_dim}"
        + (f" ({count(group.window_tokens)} tokens)" if group.window_tokens else "")
        for group in groups
    ]
    return ", ".join([*said, *([f"{card.shape.recurrent_layers} recurrent"] if card.shape.recurrent_layers else [])])


def _cache(card: ModelCard) -> str | None:
    each = card.sizes.cache_bytes_per_token
    return None if each is None else f"{count(each)} bytes for each further token at 16 bits"


def _thinking(card: ModelCard) -> str | None:
    if card.thinking is None:
        return None
    return card.thinking + (f", changed with {card.thinking_switch}" if card.thinking_switch else ", no switch")


def _plain(text: str) -> str:
    return _PUNCTUATION.sub(r"\\\1", printable(text))
