from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.errors import Malformed
from anvil_serving.router.dimensions import NOTHING_NARROWED, Dimensions, read_dimensions

NAMES = ("intent", "privacy", "max_cost_usd", "max_latency_ms", "verify", "budget", "session")


def _header(name: str) -> bytes:
    return f"x-anvil-{name.replace('_', '-')}".encode()


def _read(headers: dict[bytes, bytes] | None = None, *members: Any) -> Dimensions:
    """Members stand where a body may have them: the first at `anvil`, the second in the metadata."""
    encoded = [json.dumps(member).encode() for member in members]
    return read_dimensions(headers or {}, list(zip(("anvil", "metadata.anvil"), encoded, strict=False)))


def _fault(headers: dict[bytes, bytes] | None = None, *members: Any) -> Malformed:
    with pytest.raises(Malformed) as raised:
        _read(headers, *members)
    return raised.value


SAID = [
    ("intent", "planning", "intent", "planning"),
    ("intent", " Planning ", "intent", "Planning"),
    ("privacy", "local", "local_only", True),
    ("privacy", "any", "local_only", False),
    ("max_cost_usd", "0.05", "max_cost_usd", 0.05),
    ("max_cost_usd", "0", "max_cost_usd", 0.0),
    ("max_cost_usd", "1e-3", "max_cost_usd", 0.001),
    ("max_latency_ms", "1500", "max_latency_seconds", 1.5),
    ("verify", "off", "verify", "off"),
    ("verify", "structural", "verify", "structural"),
    ("verify", "strict", "verify", "strict"),
    ("budget", "team a", "budgets", ("team a",)),
    ("session", "s-1", "session", "s-1"),
]


@pytest.mark.parametrize(("name", "value", "field", "expected"), SAID)
def test_a_header_narrows(name: str, value: str, field: str, expected: Any) -> None:
    narrowed = _read({_header(name): value.encode()})
    assert getattr(narrowed, field) == expected
    source = {"intent_source": "header"}
    assert narrowed == Dimensions(**source, **{field: expected})


@pytest.mark.parametrize(("name", "value", "field", "expected"), SAID)
def test_a_member_of_the_body_narrows_in_either_place(name: str, value: str, field: str, expected: Any) -> None:
    for members in ([{name: value}], [{}, {name: value}]):
        narrowed = _read({}, *members)
        assert getattr(narrowed, field) == expected
        assert narrowed.intent_source == ("body" if field == "intent" else "header")


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("max_cost_usd", 0.05, "max_cost_usd", 0.05),
        ("max_cost_usd", 1, "max_cost_usd", 1.0),
        ("max_latency_ms", 250, "max_latency_seconds", 0.25),
    ],
)
def test_a_body_may_say_a_number_as_one(name: str, value: float, field: str, expected: float) -> None:
    assert getattr(_read({}, {name: value}), field) == expected


def test_who_says_nothing_narrows_nothing() -> None:
    assert _read() is NOTHING_NARROWED
    assert _read({b"content-type": b"application/json", b"x-anvilled": b"1"}) is NOTHING_NARROWED
    assert _read({}, {}, {}) is NOTHING_NARROWED
    assert _read({}, dict.fromkeys(NAMES)) is NOTHING_NARROWED
    assert NOTHING_NARROWED.said == {}
    assert not NOTHING_NARROWED.local_only


def test_what_routers_say_to_each_other_narrows_nothing() -> None:
    ours = ("hops", "decision", "tier", "model", "work-class", "verified", "attempts", "warning")
    assert _read({_header(name): b"whatever" for name in ours}) is NOTHING_NARROWED


# ── two that say different things both hold ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 1, 3), (2, 3, 1)])
def test_the_least_of_two_limits_holds(order: tuple[int, int, int]) -> None:
    header, one, other = order
    for name, field, unit in (("max_cost_usd", "max_cost_usd", 1), ("max_latency_ms", "max_latency_seconds", 1_000)):
        narrowed = _read({_header(name): b"%d" % (header * unit)}, {name: one * unit}, {name: f"{other * unit}"})
        assert getattr(narrowed, field) == 1.0


@pytest.mark.parametrize(
    ("values", "strictest"),
    [
        (("off", "structural", "off"), "structural"),
        (("strict", "structural", "off"), "strict"),
        (("off", "structural", "strict"), "strict"),
        (("off", "off", "off"), "off"),
    ],
)
def test_the_strictest_of_several_verdicts_holds(values: tuple[str, str, str], strictest: str) -> None:
    header, one, other = values
    assert _read({b"x-anvil-verify": header.encode()}, {"verify": one}, {"verify": other}).verify == strictest


@pytest.mark.parametrize(
    "values", [("local", "any", "any"), ("any", "local", "any"), ("any", "any", "local"), ("local",) * 3]
)
def test_a_prompt_that_may_not_leave_by_one_word_may_not_by_any(values: tuple[str, str, str]) -> None:
    header, one, other = values
    assert _read({b"x-anvil-privacy": header.encode()}, {"privacy": one}, {"privacy": other}).local_only


def test_of_two_names_the_headers_holds_then_the_bodys_first() -> None:
    for name in ("intent", "session"):
        headers = {_header(name): b"header"}
        assert getattr(_read(headers, {name: "body"}, {name: "metadata"}), name) == "header"
        assert getattr(_read({}, {name: "body"}, {name: "metadata"}), name) == "body"
    assert _read({b"x-anvil-intent": b"a"}, {"intent": "b"}).intent_source == "header"


def test_every_budget_that_is_named_is_charged() -> None:
    assert _read({b"x-anvil-budget": b"a"}, {"budget": "b"}, {"budget": "c"}).budgets == ("a", "b", "c")


def test_what_is_not_taken_has_to_make_sense_all_the_same() -> None:
    """Of what limits: nobody knows what a limit that is none was to be."""
    assert _fault({b"x-anvil-privacy": b"any"}, {"privacy": "LOCAL"}).param == "anvil.privacy"
    assert _fault({b"x-anvil-max-cost-usd": b"1"}, {}, {"max_cost_usd": "free"}).param == "metadata.anvil.max_cost_usd"
    assert _fault({b"x-anvil-verify": b"strict"}, {"verify": "none"}).param == "anvil.verify"


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name", [b"x-anvil-", b"x-anvil-privcy", b"x-anvil-PRIVACY", b"x-anvil-max-cost", b"x-anvil-\xff", b"x-anvil-x-y"]
)
def test_an_unknown_header_is_refused_by_name(name: bytes) -> None:
    error = _fault({name: b"local"})
    assert error.param == name.decode("latin-1")
    assert "max-cost-usd" in str(error)


def test_an_unknown_header_of_any_length_is_refused_in_few_words() -> None:
    error = _fault({b"x-anvil-" + b"a" * 10_000: b""})
    assert len(str(error)) < 300
    assert error.param is not None
    assert len(error.param) == 80


@pytest.mark.parametrize("member", [{"privcy": "local"}, {"Privacy": "local"}, {"": 1}, {"privacy": "local", "x": 1}])
def test_an_unknown_member_is_refused_by_its_place(member: Any) -> None:
    assert _fault({}, member).param == "anvil"
    error = _fault({}, {}, member)
    assert error.param == "metadata.anvil"
    assert "max_cost_usd" in str(error)


@pytest.mark.parametrize("member", [[], "privacy", 1, None, [{"privacy": "local"}]])
def test_a_member_that_is_no_object_is_refused(member: Any) -> None:
    assert _fault({}, member).param == "anvil"


REFUSED = [
    *((name, value) for name in ("max_cost_usd", "max_latency_ms") for value in ("", "-1", "nan", "inf", "1 2", "1,5")),
    *((name, value) for name in ("intent", "budget", "session") for value in ("", "  ", "a\nb", "a\0", "a\x7f")),
    *((name, "a" * 257) for name in ("intent", "budget")),
    ("session", "a" * 4_097),
    *(("privacy", value) for value in ("", "LOCAL", "cloud", "true", "local, any")),
    *(("verify", value) for value in ("", "Strict", "on", "strict, off")),
]


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_what_cannot_be_held_to_is_refused_at_its_place(name: str, value: str) -> None:
    assert _fault({_header(name): value.encode()}).param == _header(name).decode()
    assert _fault({}, {name: value}).param == f"anvil.{name}"
    assert len(str(_fault({}, {name: value}))) < 200


@pytest.mark.parametrize("value", [True, {}, [1], -1, 1e999])
@pytest.mark.parametrize("name", ["max_cost_usd", "max_latency_ms"])
def test_a_number_is_one(name: str, value: Any) -> None:
    assert str(_fault({}, {name: value})).startswith("anvil")


def test_names_may_be_this_long() -> None:
    narrowed = _read({b"x-anvil-intent": b"a" * 256}, {"budget": "ü" * 256, "session": "s" * 4_096})
    assert (narrowed.intent, narrowed.budgets, narrowed.session) == ("a" * 256, ("ü" * 256,), "s" * 4_096)


def test_a_header_is_read_as_utf8() -> None:
    assert _read({b"x-anvil-budget": "büro".encode()}).budgets == ("büro",)
    assert _read({b"x-anvil-budget": b"\xff"}).budgets == ("\ufffd",)


_headers = st.dictionaries(
    st.one_of(
        st.binary(max_size=12).map(lambda name: b"x-anvil-" + name), st.sampled_from([_header(name) for name in NAMES])
    ),
    st.one_of(st.binary(max_size=20), st.sampled_from([b"local", b"any", b"strict", b"0.5", b"-0", b"1_0"])),
    max_size=4,
)
# The engine hands over JSON that is UTF-8: it refuses any other body.
_texts = st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace"))
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=5,
)
_members = st.one_of(
    _texts,
    _json.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(NAMES), _json, max_size=4).map(lambda value: json.dumps(value).encode()),
)


@given(_headers, st.lists(_members, max_size=2))
def test_whatever_is_said_is_held_to_or_refused(headers: dict[bytes, bytes], members: list[bytes]) -> None:
    try:
        narrowed = read_dimensions(headers, [(f"at{place}", member) for place, member in enumerate(members)])
    except Malformed:
        return
    for limit in (narrowed.max_cost_usd, narrowed.max_latency_seconds):
        assert limit is None or 0 <= limit < float("inf")
    assert all(value for value in narrowed.said.values())


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_no_depth_is_an_accident(depth: int) -> None:
    for member in (b"[" * depth, b'{"intent":' + b"[" * depth + b"]" * depth + b"}", b'{"a":' * depth):
        with pytest.raises(Malformed):
            read_dimensions({}, [("anvil", member)])


def test_the_record_says_what_was_narrowed_but_not_whose_session_it_was() -> None:
    said = {
        "intent": "planning",
        "privacy": "local",
        "max_cost_usd": "0.05",
        "max_latency_ms": "1500.0",
        "verify": "strict",
        "budget": "team",
    }
    assert _read({}, {**said, "session": "mine"}).said == said
    assert _read({}, {"privacy": "any", "max_cost_usd": 0}).said == {"max_cost_usd": "0.0"}
