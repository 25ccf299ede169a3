"""One decision as a page that a person can read without knowing the code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from anvil_serving.layout import count, dollars, duration, fields, moment, wrapped

from . import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .record import Attempt, Candidate, Decision, Facts

__all__ = ["explain"]

_FEATURES_SHOWN: Final = 12
"""The features with the largest weights; the others are counted."""

_CALLS_SHOWN: Final = 8

_INTENT_SOURCES = {
    "preset": "the caller named the preset",
    "pin": "the caller named the tier itself",
    "alias": "an alias of the configuration matches the name",
    "header": "a header of the request says so",
    "body": "a member of the request's body says so",
    "inferred": "inferred from what the request is like",
    "default": "nothing spoke for another",
}
_CLASS_SOURCES = {
    "preset": "declared by the preset",
    "inferred": "inferred from what the request is like",
    "held": "held from the turn whose tool calls are being answered",
    "default": "nothing spoke for another",
}
_RESULTS = {
    "answered": "a whole answer",
    "refused": "a refusal: the request itself was at fault",
    "exhausted": "an error: no tier could answer",
    "broken_off": "the beginning of an answer, which then could not go on",
    "client_left": "nothing more: the caller left first",
    "failed": "an error: a defect of the router",
}
_WINDOWS = {
    "none": "passed on as it came",
    "block": "held block by block until each was checked",
    "whole": "held until all of it was checked",
}


def explain(decision: Decision) -> str:
    """The page: plain text of at most 100 columns, ending in a newline, without anything that steers a terminal."""
    sections = (
        ("ASKED", _asked(decision)),
        ("TAKEN FOR", _taken_for(decision)),
        ("CANDIDATES", _candidates(decision)),
        ("TRIED", _tried(decision)),
        ("THE CALLER GOT", _got(decision)),
        ("COST", _cost(decision)),
    )
    lines = wrapped(f"Decision {decision.id}, {moment(decision.at)}")
    for title, body in sections:
        lines += ["", title, *body]
    lines += ["", *wrapped(_versions(decision))]
    return "\n".join(lines) + "\n"


def _asked(decision: Decision) -> Iterator[str]:
    facts = decision.facts
    how = "as a stream" if facts.stream else "in one piece"
    yield from fields(
        [
            ("model", f'"{decision.model}"'),
            ("dialect", f"{decision.dialect}, for {decision.purpose}, to be answered {how}"),
            ("request", decision.request_id),
            ("client", decision.client or "no name: no token, or the only one"),
            ("session", decision.session or "none"),
            ("size", _size(facts)),
            ("wants", _wants(facts)),
            ("narrowed to", ", ".join(f"{key}={value}" for key, value in decision.dimensions.items()) or None),
            ("reports", _reported(decision.failed_tool_calls)),
        ]
    )


def _size(facts: Facts) -> str:
    cap = "" if facts.max_output_tokens is None else f", at most {count(facts.max_output_tokens)} tokens of answer"
    parts = [_several(facts.messages, "message"), _several(facts.tools, "tool")]
    parts += [
        _several(number, word) for number, word in ((facts.images, "image"), (facts.documents, "document")) if number
    ]
    return f"about {count(facts.prompt_tokens)} tokens of prompt in {', '.join(parts)}{cap}"


def _wants(facts: Facts) -> str | None:
    wants = [
        "thinking" if facts.thinking else "",
        f"effort {facts.effort}" if facts.effort is not None else "",
        "an answer of a given structure" if facts.structured_output else "",
        "to go on with open tool calls" if facts.open_tool_loop else "",
    ]
    return ", ".join(want for want in wants if want) or None


def _reported(ids: tuple[str, ...]) -> str | None:
    return f"that these earlier tool calls failed: {_listed(ids)}" if ids else None


def _listed(ids: tuple[str, ...]) -> str | None:
    more = f" and {len(ids) - _CALLS_SHOWN} more" if len(ids) > _CALLS_SHOWN else ""
    return ", ".join(ids[:_CALLS_SHOWN]) + more if ids else None


def _taken_for(decision: Decision) -> Iterator[str]:
    sure = "" if decision.confidence is None else f", probability {decision.confidence:.2f}"
    between = decision.ambiguous_with
    yield from fields(
        [
            ("mode", "direct: names lead to tiers, and nothing else is decided" if decision.mode == "direct" else None),
            ("intent", f"{decision.intent}: {_said(_INTENT_SOURCES, decision.intent_source)}"),
            ("work class", f"{decision.work_class}: {_said(_CLASS_SOURCES, decision.class_source)}{sure}"),
            ("or", f"{between}, nearly as probable: the safer of the two was taken" if between is not None else None),
        ]
    )
    spoke = sorted(decision.features, key=lambda feature: -abs(feature.weight))
    if spoke:
        yield "  what spoke for the class, in log-odds:"
    for feature in spoke[:_FEATURES_SHOWN]:
        yield from wrapped(f"{feature.weight:+7.2f}  {feature.name}", indent=4, hanging=9)
    if len(spoke) > _FEATURES_SHOWN:
        yield f"    and {len(spoke) - _FEATURES_SHOWN} more of less weight"


def _candidates(decision: Decision) -> Iterator[str]:
    if not decision.candidates:
        yield "  none was considered"
    order = sorted(decision.candidates, key=lambda each: (each.place is None, each.place or 0))
    for candidate in order:
        place = "not asked" if candidate.place is None else f"{candidate.place}."
        yield from wrapped(f"{place:<10} {candidate.tier}: {candidate.reason}{_trust(candidate)}", indent=2, hanging=11)


def _trust(candidate: Candidate) -> str:
    known = [
        f"the profile says {candidate.verdict}" if candidate.verdict is not None else "",
        f"quality at least {candidate.quality:.2f}" if candidate.quality is not None else "",
    ]
    said = ", ".join(part for part in known if part)
    return f" ({said})" if said else ""


def _tried(decision: Decision) -> Iterator[str]:
    if not decision.attempts:
        yield "  no tier was asked"
    for number, attempt in enumerate(decision.attempts, 1):
        yield from _attempt(number, attempt)


def _attempt(number: int, attempt: Attempt) -> Iterator[str]:
    where = "" if attempt.privacy is None else f", {attempt.privacy}"
    replica = f", replica {attempt.replica}" if attempt.replica else ""
    model = "a model without a name" if attempt.model is None else attempt.model
    fingerprint = "" if attempt.fingerprint is None else f", fingerprint {attempt.fingerprint}"
    yield from wrapped(f"{number}. {attempt.tier}{where}: {model}{replica}{fingerprint}", indent=2, hanging=3)
    status = "" if attempt.status is None else f", status {attempt.status}"
    yield from fields(
        [
            ("outcome", f"{words.outcome(attempt.outcome)}{status}"),
            ("defects", "; ".join(map(words.defect, attempt.defects)) or None),
            ("window", _window(attempt)),
            ("sureness", _sureness(attempt.mean_logprob)),
            ("times", _times(attempt)),
            ("tokens", _tokens(attempt)),
            ("cost", dollars(attempt.cost_usd)),
        ],
        indent=5,
        label_width=10,
    )


def _window(attempt: Attempt) -> str:
    if attempt.checked or attempt.window == "none":
        return _said(_WINDOWS, attempt.window)
    return f"{attempt.window}; nothing of it was checked"


def _sureness(mean_logprob: float | None) -> str | None:
    return None if mean_logprob is None else f"a mean log-probability of {mean_logprob:.2f} nats a token"


def _times(attempt: Attempt) -> str:
    phases = (
        ("queue", attempt.queue_seconds),
        ("connect", attempt.connect_seconds),
        ("first byte", attempt.first_byte_seconds),
        ("released", attempt.release_seconds),
        ("total", attempt.total_seconds),
    )
    return ", ".join(f"{name} {duration(seconds)}" for name, seconds in phases if seconds is not None) or "not measured"


def _tokens(attempt: Attempt) -> str:
    if attempt.input_tokens is None and attempt.output_tokens is None:
        return "the tier did not count them"
    inside = [
        f"{count(number)} {what}"
        for number, what in (
            (attempt.cached_tokens, "from a cache"),
            (attempt.cache_write_tokens, "written to a cache"),
        )
        if number is not None
    ]
    prompt = f"{count(attempt.input_tokens)} in" + (f" ({', '.join(inside)})" if inside else "")
    thought = "" if attempt.reasoning_tokens is None else f" ({count(attempt.reasoning_tokens)} of them reasoning)"
    return f"{prompt}, {count(attempt.output_tokens)} out{thought}"


def _got(decision: Decision) -> Iterator[str]:
    status = "" if decision.status is None else f", status {decision.status}"
    by = "" if decision.tier is None else f", from {decision.tier}"
    yield from fields(
        [
            ("result", f"{_said(_RESULTS, decision.result)}{by}{status}"),
            ("error", decision.error),
            ("finish", decision.finish),
            ("tool calls", _listed(decision.tool_calls)),
            ("times", _waited(decision)),
            ("warnings", "; ".join(decision.warnings) or None),
        ]
    )


def _waited(decision: Decision) -> str:
    phases = (
        ("first byte after", decision.first_byte_seconds),
        ("all after", decision.total_seconds),
        ("of these: deciding", decision.policy_seconds),
        ("waiting in a queue", decision.queue_seconds),
    )
    return ", ".join(f"{name} {duration(seconds)}" for name, seconds in phases if seconds is not None)


def _cost(decision: Decision) -> Iterator[str]:
    by = "no price list was used" if decision.prices_date is None else f"by the price list of {decision.prices_date}"
    if decision.cost_usd is None:
        yield from wrapped(f"not known: a price or a count of tokens is missing; {by}", indent=2)
    else:
        yield from wrapped(f"{dollars(decision.cost_usd)} for all that was tried; {by}", indent=2)


def _versions(decision: Decision) -> str:
    version = f", anvil-serving {decision.router_version}" if decision.router_version else ""
    return f"Decided by mapping version {decision.mapping_version}{version}."


def _said(words: dict[str, str], key: str) -> str:
    """What a stored word means; the word itself where a newer release has written one that is not known here."""
    return words.get(key, key)


def _several(number: int, word: str) -> str:
    return f"{count(number)} {word}{'' if number == 1 else 's'}"
