from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.router.caller import ANYBODY, Caller
from anvil_serving.router.session import Conversation, Sessions, session_name

HEADERS = (
    b"x-claude-code-session-id",
    b"session-id",
    b"session_id",
    b"x-session-affinity",
    b"x-session-id",
    b"thread-id",
)


def _name(headers: dict[bytes, bytes] | None = None, in_body: str | None = None, narrowed: str | None = None) -> object:
    return session_name(headers or {}, in_body=in_body, narrowed=narrowed)


def _conversation(tier_id: str) -> Conversation:
    return Conversation(tier_id, 0, "chat", "chat")


def test_whoever_names_no_session_has_none() -> None:
    assert _name() is None
    assert _name({b"user-agent": b"x"}, in_body="") is None


@pytest.mark.parametrize("header", HEADERS)
def test_every_harness_may_name_its_session(header: bytes) -> None:
    assert _name({header: b"mine"}) == "mine"


def test_the_headers_have_an_order_whatever_order_they_come_in() -> None:
    for at, wanted in enumerate(HEADERS):
        shown = {header: header for header in reversed(HEADERS[at:])}
        assert _name(shown) == wanted.decode()


def test_the_dimension_comes_first_then_a_header_then_the_body() -> None:
    header = {b"session-id": b"header"}
    assert _name(header, "body", "dimension") == "dimension"
    assert _name(header, "body") == "header"
    assert _name({}, "body") == "body"


def test_an_empty_header_names_nothing() -> None:
    assert _name({b"session-id": b"", b"thread-id": b"thread"}) == "thread"
    assert _name({b"session-id": b""}, "body") == "body"


def test_a_name_that_is_too_long_to_keep_is_hashed() -> None:
    assert _name({b"session-id": b"a" * 128}) == "a" * 128
    hashed = f"sha256:{hashlib.sha256(b'a' * 129).hexdigest()}"
    assert _name({b"session-id": b"a" * 129}) == hashed
    assert _name({}, "a" * 129) == _name({}, None, "a" * 129) == hashed


@pytest.mark.parametrize("name", [b"a\nb", b"a\x1b[2J", b"a\0", b"\x80"])
def test_a_name_that_would_not_print_is_hashed(name: bytes) -> None:
    assert str(_name({b"session-id": name})).startswith("sha256:")


@given(st.binary(max_size=200), st.text(max_size=200))
def test_every_name_prints_and_is_short(header: bytes, in_body: str) -> None:
    for name in (_name({b"thread-id": header}, in_body), _name({}, in_body), _name({}, None, in_body or None)):
        assert name is None or (isinstance(name, str) and 0 < len(name) <= 128 and name.isprintable())


@given(st.binary(min_size=1, max_size=200), st.binary(min_size=1, max_size=200))
def test_two_names_stay_two(one: bytes, other: bytes) -> None:
    assert (_name({b"thread-id": one}) == _name({b"thread-id": other})) is (one == other)


class TestSessions:
    def test_a_conversation_is_found_again_as_it_went_on_last(self) -> None:
        sessions = Sessions()
        key = sessions.key(ANYBODY, "s", 7)
        assert sessions.find(key) is None
        sessions.keep(key, _conversation("fast"))
        sessions.keep(key, _conversation("heavy"))
        assert sessions.find(key) == _conversation("heavy")
        assert len(sessions) == 1

    def test_it_is_known_by_its_client_its_session_and_its_beginning(self) -> None:
        sessions = Sessions()
        sessions.keep(sessions.key(Caller("ci"), "s", 7), _conversation("fast"))
        for other in ((Caller("cd"), "s", 7), (ANYBODY, "s", 7), (Caller("ci"), None, 7), (Caller("ci"), "s", 8)):
            assert sessions.find(sessions.key(*other)) is None
        assert sessions.find(sessions.key(Caller("ci", frozenset({"chat"})), "s", 7)) is not None

    def test_the_one_that_was_silent_longest_is_forgotten_first(self) -> None:
        sessions = Sessions(most=3)
        for name in ("a", "b", "c"):
            sessions.keep((None, name, 0), _conversation(name))
        sessions.keep((None, "a", 0), _conversation("a"))
        sessions.keep((None, "d", 0), _conversation("d"))
        kept = [name for name in "abcd" if sessions.find((None, name, 0)) is not None]
        assert kept == ["a", "c", "d"]

    def test_a_tier_whose_answer_broke_off_is_known_until_the_conversation_goes_on(self) -> None:
        sessions = Sessions()
        key = sessions.key(ANYBODY, "s", 1)
        sessions.broke_off(key, Conversation("fast", 0, "chat", "chat"))
        assert sessions.find(key) == Conversation("fast", 0, "chat", "chat", broken_by="fast")
        sessions.keep(key, Conversation("heavy", 0, "chat", "chat"))
        sessions.broke_off(key, Conversation("fast", 1, "chat", "chat"))
        assert sessions.find(key) == Conversation("heavy", 0, "chat", "chat", broken_by="fast")
        sessions.keep(key, Conversation("heavy", 0, "chat", "chat"))
        assert sessions.find(key) == Conversation("heavy", 0, "chat", "chat")

    def test_to_look_is_not_to_speak(self) -> None:
        sessions = Sessions(most=2)
        for name in ("a", "b"):
            sessions.keep((None, name, 0), _conversation(name))
        assert sessions.find((None, "a", 0)) is not None
        sessions.keep((None, "c", 0), _conversation("c"))
        assert sessions.find((None, "a", 0)) is None

    def test_there_are_never_more_than_that(self) -> None:
        sessions = Sessions()
        for number in range(20_000):
            sessions.keep((None, None, number), _conversation("a"))
        assert len(sessions) == 16_384
        assert sessions.find((None, None, 19_999)) is not None
        assert sessions.find((None, None, 3_615)) is None
