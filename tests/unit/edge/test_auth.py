from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.config import Secret
from anvil_serving.edge.auth import Auth
from anvil_serving.errors import Forbidden, Unauthenticated
from anvil_serving.router import ANYBODY, Caller

TOKEN = "a-token"
AUTH = Auth(Secret(TOKEN))

CI, HASHED = Caller("ci"), Caller("hashed", frozenset({"chat"}), frozenset({"fast"}))
DIGEST = hashlib.sha256(b"unknown-to-the-router").digest()
CLIENTS = ((CI, Secret("ci-token")), (HASHED, DIGEST))
BOTH = Auth(Secret(TOKEN), CLIENTS)


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
    assert AUTH.admit(headers) is ANYBODY
    assert AUTH.check(headers) is ANYBODY


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"authorization": b"a-token"},
        {b"authorization": b"Bearer"},
        {b"authorization": b"Bearer "},
        {b"authorization": b"Basic a-token"},
        {b"authorization": b"Digest a-token"},
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
    assert AUTH.admit(headers) is None
    with pytest.raises(Unauthenticated) as raised:
        AUTH.check(headers)
    assert TOKEN not in str(raised.value)


@given(st.dictionaries(st.sampled_from([b"authorization", b"x-api-key"]), st.binary(max_size=40)))
def test_only_the_token_itself_is_let_in(headers: dict[bytes, bytes]) -> None:
    shows_it = any(TOKEN.encode() in value for value in headers.values())
    assert AUTH.admit(headers) is None or shows_it


def test_without_a_token_everybody_is_let_in() -> None:
    assert Auth(None).admit({}) is ANYBODY
    assert Auth(None).check({b"x-api-key": b"whatever"}) is ANYBODY


def _shown(token: bytes) -> list[dict[bytes, bytes]]:
    return [{b"authorization": b"Bearer " + token}, {b"x-api-key": token}]


@pytest.mark.parametrize("headers", _shown(b"ci-token"))
def test_a_client_is_known_by_its_token(headers: dict[bytes, bytes]) -> None:
    assert BOTH.check(headers) is CI
    assert Auth(None, CLIENTS).check(headers) is CI


@pytest.mark.parametrize("headers", _shown(b"unknown-to-the-router"))
def test_a_client_is_known_by_its_tokens_hash(headers: dict[bytes, bytes]) -> None:
    assert BOTH.check(headers) is HASHED
    assert Auth(None, CLIENTS).check(headers) is HASHED


def test_the_routers_own_token_may_do_everything_whatever_clients_there_are() -> None:
    assert BOTH.check({b"x-api-key": b"a-token"}) is ANYBODY
    assert BOTH.check({b"x-api-key": b"ci-token", b"authorization": b"Bearer a-token"}) is ANYBODY


@pytest.mark.parametrize("auth", [BOTH, Auth(None, CLIENTS)])
@pytest.mark.parametrize("shown", [b"", b"ci-toke", b"ci-token2", DIGEST, DIGEST.hex().encode(), b"\xff\xfe"])
def test_nobody_is_known_by_anything_else(auth: Auth, shown: bytes) -> None:
    for headers in [{}, *_shown(shown)]:
        with pytest.raises(Unauthenticated):
            auth.check(headers)


def test_nothing_is_no_token_even_where_its_hash_is_configured() -> None:
    auth = Auth(None, [(CI, hashlib.sha256(b"").digest())])
    for headers in [{}, *_shown(b""), *_shown(b" ")]:
        assert auth.admit(headers) is None


def test_a_token_that_is_no_text_is_known_by_its_hash() -> None:
    """Whatever the bytes are: what is hashed is what was sent."""
    auth = Auth(None, [(CI, hashlib.sha256(b"\xff\xfe").digest())])
    assert auth.admit({b"x-api-key": b"\xff\xfe"}) is CI


def test_the_token_is_in_no_representation() -> None:
    assert TOKEN not in repr(AUTH)
    assert all(token not in repr(vars(BOTH)) for token in (TOKEN, "ci-token"))


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
    # With a token it is the token that counts.
    AUTH.check({b"origin": origin, b"x-api-key": b"a-token"})
    Auth(None, CLIENTS).check({b"origin": origin, b"x-api-key": b"ci-token"})


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
