from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.unit.decisions.records import CLOUD, decision

from anvil_serving.decisions import Attempt, Candidate, Decision, Facts, Feature, explain
from anvil_serving.decisions.words import DEFECTS, OUTCOMES

FULL = decision(
    1,
    client="laptop",
    model="claude-sonnet-4-5",
    facts=Facts(12_345, 32_000, 7, 18, 2, 1, True, "high", True, True, True),
    class_source="inferred",
    confidence=0.83,
    features=(Feature("tools.edit", 1.2), Feature("prompt.long", -0.4)),
    ambiguous_with="multi-file-refactor",
    dimensions={"privacy": "local", "max_cost_usd": "0.5"},
    candidates=(
        Candidate("cloud", None, "bounded-edit is not in metered_cloud"),
        Candidate("heavy", 2, "slower", quality=0.91),
        Candidate("fast", 1, "the cheapest that may", verdict="allow-with-verify", quality=0.87),
    ),
    attempts=(
        Attempt(
            "fast",
            "qwen3-coder",
            "first_byte_timeout",
            1,
            "9f8e7d6c",
            "block",
            defects=("tool_json",),
            queue_seconds=0.25,
            connect_seconds=0.0005,
            total_seconds=30.0,
            privacy="local",
            checked=True,
            cost_usd=0.0,
        ),
        CLOUD,
    ),
    warnings=("sampling_changed: temperature",),
    tier="cloud",
    finish="tool_use",
    tool_calls=tuple(f"toolu_{number}" for number in range(11)),
    failed_tool_calls=("toolu_old",),
    policy_seconds=0.00012,
    cost_usd=0.0045,
    router_version="0.8.0",
)


def test_the_page_holds_everything_that_a_person_asks() -> None:
    page = explain(FULL)
    said = " ".join(page.split())
    for words in (
        "Decision dec_000001, 2026-09-",
        '"claude-sonnet-4-5"',
        "anthropic, for chat, to be answered as a stream",
        "req_000001",
        "laptop",
        "prefix:0011223344556677",
        "about 12,345 tokens of prompt in 7 messages, 18 tools, 2 images, 1 document, at most 32,000 tokens of answer",
        "thinking, effort high, an answer of a given structure, to go on with open tool calls",
        "privacy=local, max_cost_usd=0.5",
        "that these earlier tool calls failed: toolu_old",
        "quick-edit: the caller named the preset",
        "bounded-edit: inferred from what the request is like, probability 0.83",
        "multi-file-refactor, nearly as probable: the safer of the two was taken",
        "+1.20 tools.edit -0.40 prompt.long",
        "1. fast: the cheapest that may (the profile says allow-with-verify, quality at least 0.87)",
        "not asked cloud: bounded-edit is not in metered_cloud",
        "1. fast, local: qwen3-coder, replica 1, fingerprint 9f8e7d6c",
        "first_byte_timeout: no first byte in time",
        "tool_json",
        "held block by block",
        "queue 250 ms, connect 500 µs, total 30.0 s",
        "the tier did not count them",
        "2. cloud, cloud: claude-sonnet-4-5",
        "1,000 in (0 from a cache), 100 out",
        "a whole answer, from cloud, status 200",
        "toolu_7 and 3 more",
        "first byte after 600 ms, all after 2.1 s, of these: deciding 120 µs",
        "sampling_changed: temperature",
        "$0.004500 for all that was tried; by the price list of 2026-11-20",
        "mapping version 1, anvil-serving 0.8.0",
    ):
        assert words in said, words
    assert said.index("1. fast: the cheapest") < said.index("2. heavy: slower") < said.index("not asked cloud")


def test_what_is_not_known_is_said_to_be_so() -> None:
    bare = decision(
        1, candidates=(), attempts=(), features=(), session=None, result="exhausted", cost_usd=None, prices_date=None
    )
    page = " ".join(explain(bare).split())
    for words in (
        "none was considered",
        "no tier was asked",
        "an error: no tier could answer",
        "not known: a price or a count of tokens is missing; no price list was used",
    ):
        assert words in page


text = st.text(max_size=150)
odd = st.builds(
    decision,
    st.integers(0, 9),
    at=st.floats(),
    model=text,
    client=text,
    session=text,
    request_id=text,
    intent=text,
    intent_source=text,
    work_class=text,
    dimensions=st.dictionaries(text, text, max_size=3),
    features=st.lists(st.builds(Feature, text, st.floats()), max_size=20).map(tuple),
    candidates=st.lists(st.builds(Candidate, text, st.none() | st.integers(), text, text), max_size=3).map(tuple),
    attempts=st.lists(st.builds(Attempt, text, text, text, cost_usd=st.floats()), max_size=3).map(tuple),
    warnings=st.lists(text, max_size=3).map(tuple),
    tool_calls=st.lists(text, max_size=20).map(tuple),
    error=text,
    cost_usd=st.none() | st.floats(),
)


@settings(deadline=None)
@given(odd)
def test_no_word_of_a_caller_steers_the_terminal_or_leaves_the_page(found: Decision) -> None:
    page = explain(found)
    assert all(char == "\n" or char.isprintable() for char in page)
    assert max(len(line) for line in page.splitlines()) <= 100


def test_every_failure_of_the_engine_has_its_words() -> None:
    labels = _labels("anvil-upstream/src/failure.rs")
    assert len(labels) > 10
    assert labels <= set(OUTCOMES)


def test_every_defect_has_its_words() -> None:
    labels = _labels("anvil-verify/src/defect.rs")
    assert len(labels) > 30
    assert labels <= set(OUTCOMES) | set(DEFECTS)
    assert not set(OUTCOMES) & set(DEFECTS)


def _labels(source: str) -> set[str]:
    return set(re.findall(r'=> "([a-z_]+)",', (Path(__file__).parents[3] / "crates" / source).read_text()))


def test_what_was_found_and_what_was_mended_is_told() -> None:
    attempt = Attempt(
        "fast",
        "qwen",
        "unknown_tool",
        window="block",
        checked=True,
        defects=("unknown_tool", "repaired:malformed_arguments"),
        mean_logprob=-0.25,
        release_seconds=0.5,
    )
    page = " ".join(explain(decision(1, attempts=(attempt, structs.replace(attempt, checked=False)))).split())
    for words in (
        "outcome unknown_tool: it called a tool that was not offered",
        "malformed_arguments: the arguments of a tool call are no JSON; mended",
        "a mean log-probability of -0.25 nats a token",
        "released 500 ms",
        "window block; nothing of it was checked",
    ):
        assert words in page
