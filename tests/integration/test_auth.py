"""With `auth_env` set, nothing but the probes answers without the token, and the token is nowhere to be read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.fakes import answers
from tests.fakes.client import request_body
from tests.fakes.tier import Tier
from tests.integration.router import PATHS, RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "correct-horse-battery-staple"
KEY = "the-key-of-the-tier"

GOOD = {
    "bearer": {"authorization": f"Bearer {TOKEN}"},
    "lower-case scheme": {"authorization": f"bearer {TOKEN}"},
    "x-api-key": {"x-api-key": TOKEN},
    "both": {"authorization": f"Bearer {TOKEN}", "x-api-key": TOKEN},
    "wrong bearer, right key": {"authorization": "Bearer sk-dummy", "x-api-key": TOKEN},
    "right bearer, wrong key": {"authorization": f"Bearer {TOKEN}", "x-api-key": "dummy"},
}
BAD = {
    "none": {},
    "empty": {"authorization": "", "x-api-key": ""},
    "bearer alone": {"authorization": "Bearer "},
    "basic": {"authorization": f"Basic {TOKEN}"},
    "bare": {"authorization": TOKEN},
    "prefix": {"x-api-key": TOKEN[:-1]},
    "longer": {"x-api-key": TOKEN + "x"},
    "other case": {"x-api-key": TOKEN.upper()},
    "the tier's key": {"x-api-key": KEY},
    "not ascii": {"authorization": "Bearer \xff\xfe", "x-api-key": "\xe9"},
}


@pytest.fixture(scope="module")
def _guarded_tier() -> Iterator[Tier]:
    with Tier() as tier:
        yield tier


@pytest.fixture
def tier(_guarded_tier: Tier) -> Iterator[Tier]:
    yield _guarded_tier
    _guarded_tier.reset()


@pytest.fixture(scope="module")
def guarded(_guarded_tier: Tier) -> Iterator[RouterProcess]:
    with RouterProcess(
        [tier_config("first", _guarded_tier.url, auth_env="TIER_KEY")],
        {"chat": ["first"]},
        server={"auth_env": "ROUTER_TOKEN", "body_timeout": 0.5},
        environment={"ROUTER_TOKEN": TOKEN, "TIER_KEY": KEY},
    ) as router:
        yield router
        assert TOKEN not in router.log
        assert KEY not in router.log


@pytest.mark.parametrize("headers", list(GOOD.values()), ids=[name.replace(" ", "_") for name in GOOD])
@pytest.mark.parametrize("dialect", list(PATHS))
def test_the_token_is_taken_from_either_header(
    guarded: RouterProcess, tier: Tier, dialect: str, headers: dict[str, str]
) -> None:
    with guarded.client() as client:
        assert client.ask("POST", PATHS[dialect], request_body(dialect), headers).status == 200
        assert client.ask("GET", "/v1/models", headers=headers).status == 200


@pytest.mark.parametrize("headers", list(BAD.values()), ids=[name.replace(" ", "_") for name in BAD])
@pytest.mark.parametrize("dialect", list(PATHS))
def test_without_the_token_nothing_is_done(
    guarded: RouterProcess, tier: Tier, dialect: str, headers: dict[str, str]
) -> None:
    with guarded.client() as client:
        for body in (request_body(dialect), b"not json"):
            answer = client.ask("POST", PATHS[dialect], body, headers)
            assert answer.status == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert TOKEN.encode() not in answer.body
            error = answer.json["error"]
            if dialect == "messages":
                assert error["type"] == "authentication_error"
            else:
                assert error["code"] == "invalid_api_key"
        assert client.ask("GET", "/healthz").status == 200, "the connection is in step"
    assert tier.connections == []


@pytest.mark.parametrize("path", ["/", "/v1/models", "/v1/nothing", "/metrics"])
def test_other_paths_are_401_before_they_are_404(guarded: RouterProcess, path: str) -> None:
    with guarded.client() as client:
        assert client.ask("GET", path).status == 401


def test_the_probes_are_open_and_tell_strangers_no_names(guarded: RouterProcess, tier: Tier) -> None:
    with guarded.client() as client:
        assert client.ask("GET", "/healthz").json == {"status": "ok"}
        assert client.ask("GET", "/readyz").json == {"status": "ready"}
        known = client.ask("GET", "/readyz", headers=GOOD["bearer"])
        assert known.json == {"status": "ready", "tiers": {"first": "ready"}}


def test_the_credential_is_checked_before_the_body_is_read(guarded: RouterProcess) -> None:
    """A large body that never comes does not keep the answer waiting."""
    with guarded.client() as client:
        began = time.monotonic()
        client.request("POST", PATHS["chat"], None, {"content-length": "20000000"})
        assert client.read_answer().status == 401
        assert time.monotonic() - began < 0.3


def test_a_stranger_with_a_small_slow_body_is_answered_in_time(guarded: RouterProcess) -> None:
    with guarded.client() as client:
        began = time.monotonic()
        client.request("POST", PATHS["chat"], b"{", {"content-length": "100"})
        assert client.read_answer().status == 401
        assert time.monotonic() - began < 1.5


def test_a_stranger_who_drips_a_body_is_answered_in_time(guarded: RouterProcess) -> None:
    """Each piece comes within `body_timeout`; the whole of it would take minutes."""
    with guarded.client(timeout=0.1) as client:
        client.request("POST", PATHS["chat"], b"{", {"content-length": "1000"})
        began = time.monotonic()
        while time.monotonic() - began < 8.0:
            try:
                client.send(b" ")
                status, _ = client.read_head()
            except TimeoutError:
                continue
            assert status == 401
            return
    raise AssertionError("a stranger holds a connection for as long as it likes")


def test_the_tier_gets_its_own_key_and_never_the_callers(guarded: RouterProcess, tier: Tier) -> None:
    with guarded.client() as client:
        for dialect in PATHS:
            client.ask("POST", PATHS[dialect], request_body(dialect), GOOD["both"])
    for received in tier.requests:
        assert received.headers["authorization"] == f"Bearer {KEY}"
        assert received.headers["x-api-key"] == KEY
        assert TOKEN.encode() not in received.head


def test_a_refused_key_is_the_operators_problem_and_is_not_shown(guarded: RouterProcess, tier: Tier) -> None:
    tier.plays([answers.whole(answers.error("chat", f"Incorrect API key provided: {KEY}"), 401)])
    with guarded.client() as client:
        answer = client.ask("POST", PATHS["chat"], request_body("chat"), GOOD["bearer"])
    assert answer.status == 503
    assert KEY.encode() not in answer.body
