from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.config import Secret
from anvil_serving.edge.auth import Auth
from anvil_serving.errors import Forbidden, Unauthenticated

TOKEN = "a-token"
AUTH = Auth(Secret(TOKEN))


@pytest.mark.parametrize(
    "headers",
    [
        {b"authorization": b"Bearer a-token"},
        {b"authorization": b"bEaReR  a-token "},
        {b"x-api-key": b"a-token"},
        {b"authorization": b"Bearer wrong", b"x-api-key": b"a-token"},
        {b"authorization": b"Bearer a-token", b"x-api-key": b"wrong"},
    ],
)
def test_the_token_in_either_header_is_enough(headers: dict[bytes, bytes]) -> None:
    assert AUTH.admits(headers)
    AUTH.check(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"authorization": b"a-token"},
        {b"authorization": b"Bearer"},
        {b"authorization": b"Bearer "},
        {b"authorization": b"Basic a-token"},
        {b"authorization": b"Bearera-token"},
        {b"x-api-key": b"Bearer a-token"},
        {b"x-api-key": b""},
        {b"x-api-key": b"a-toke"},
        {b"x-api-key": b"a-token\0"},
        {b"x-api-key": b"\xff"},
        {b"cookie": b"a-token"},
    ],
)
def test_anything_else_is_not(headers: dict[bytes, bytes]) -> None:
    assert not AUTH.admits(headers)
    with pytest.raises(Unauthenticated) as raised:
        AUTH.check(headers)
    assert TOKEN not in str(raised.value)


@given(st.dictionaries(st.sampled_from([b"authorization", b"x-api-key"]), st.binary(max_size=40)))
def test_only_the_token_itself_is_let_in(headers: dict[bytes, bytes]) -> None:
    shows_it = any(TOKEN.encode() in value for value in headers.values())
    assert not AUTH.admits(headers) or shows_it


def test_without_a_token_everybody_is_let_in() -> None:
    auth = Auth(None)
    assert not auth.is_on
    assert auth.admits({})
    assert AUTH.is_on


def test_the_token_is_in_no_representation() -> None:
    assert TOKEN not in repr(AUTH)


@pytest.mark.parametrize(
    "origin",
    [
        b"http://evil.example",
        b"https://evil.example:8000",
        b"http://127.0.0.1.evil.example",
        b"http://localhost.evil.example",
        b"null",
        b"http://[",
        b"http://",
        b"https://\xff",
    ],
)
def test_a_foreign_page_is_refused_where_no_token_is_asked_for(origin: bytes) -> None:
    with pytest.raises(Forbidden):
        Auth(None).check({b"origin": origin})
    AUTH.check({b"origin": origin, b"x-api-key": b"a-token"})


@pytest.mark.parametrize(
    "origin",
    [
        b"http://localhost:5173",
        b"http://127.0.0.1",
        b"https://[::1]:8000",
        b"vscode-webview://1a2b",
        b"app://obsidian.md",
    ],
)
def test_a_page_of_this_machine_is_let_in(origin: bytes) -> None:
    Auth(None).check({b"origin": origin})
    Auth(None).check({})
