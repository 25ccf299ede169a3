from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.config import Secret
from anvil_serving.edge.auth import Auth
from anvil_serving.errors import Unauthenticated

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
