"""Connections are used again, on both sides of the router."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.fakes import answers
from tests.fakes.client import request_body
from tests.fakes.steps import Fin, Pause, Reset
from tests.integration.router import PATHS

if TYPE_CHECKING:
    from tests.fakes.tier import Tier
    from tests.integration.router import RouterProcess


def test_sequential_requests_share_both_connections(router: RouterProcess, first: Tier) -> None:
    with router.client() as client:
        for number in range(200):
            dialect = "chat" if number % 3 else "messages"
            streamed = number % 2 == 0
            answer = client.ask("POST", PATHS[dialect], request_body(dialect, stream=streamed))
            assert answer.status == 200
            assert answer.is_clean
    assert len(first.requests) == 200
    # A request may come while the last one's connection is still being read out; that is rare.
    assert len(first.connections) <= 10


def test_an_error_leaves_the_callers_connection_in_step(router: RouterProcess, first: Tier) -> None:
    first.plays_next([answers.whole(answers.error("chat", "no"), 400)], [answers.whole(b"oops", 500)])
    with router.client() as client:
        statuses = [client.ask("POST", PATHS["chat"], request_body("chat")).status for _ in range(3)]
    assert statuses == [400, 503, 200]


@pytest.mark.parametrize("ending", [Fin(), Reset()], ids=["fin", "reset"])
def test_a_kept_connection_that_the_tier_has_closed_is_no_failure(
    router: RouterProcess, first: Tier, second: Tier, ending: Fin | Reset
) -> None:
    """Engines close idle connections without a word."""
    good = answers.whole(answers.document("chat"))
    first.plays([good, Pause(0.05), ending])
    with router.client() as client:
        for _ in range(3):
            answer = client.ask("POST", PATHS["chat"], request_body("chat", "backed"))
            assert answer.headers["x-anvil-tier"] == "first"
            time.sleep(0.1)
    assert len(first.connections) == 3
    assert second.requests == []


def test_a_kept_connection_that_the_tier_closes_on_the_next_request_is_no_failure(
    router: RouterProcess, first: Tier, second: Tier
) -> None:
    """The close crosses the request on the wire."""
    good = [answers.whole(answers.document("chat"))]
    first.plays_next(good, [Fin()], good)
    with router.client() as client:
        for _ in range(2):
            answer = client.ask("POST", PATHS["chat"], request_body("chat", "backed"))
            assert answer.headers["x-anvil-tier"] == "first"
    assert second.requests == []


def test_a_tier_that_says_close_is_asked_on_a_new_connection(router: RouterProcess, first: Tier) -> None:
    first.plays([answers.whole(answers.document("chat"), 200, ("connection", "close")), Fin()])
    with router.client() as client:
        for _ in range(3):
            assert client.ask("POST", PATHS["chat"], request_body("chat")).status == 200
    assert len(first.connections) == 3


def test_a_broken_answers_connection_is_not_used_again(router: RouterProcess, first: Tier) -> None:
    first.plays_next([answers.whole(b"{}", 200), Pause(0.0)])
    with router.client() as client:
        assert client.ask("POST", PATHS["chat"], request_body("chat")).status == 503
        assert client.ask("POST", PATHS["chat"], request_body("chat")).status == 200
    assert all(connection.requests <= 1 for connection in first.connections)


def test_parallel_callers_each_get_their_own_answer(router: RouterProcess, first: Tier) -> None:
    first.plays(lambda received: answers.well_saying(received.json["messages"][0]["content"])(received))
    clients = [router.client() for _ in range(30)]
    try:
        for number, client in enumerate(clients):
            body = request_body("chat", stream=number % 2 == 0, messages=[{"role": "user", "content": f"<{number}>"}])
            client.request("POST", PATHS["chat"], answers.encode(body))
        for number, client in enumerate(clients):
            answer = client.read_answer()
            assert answer.is_clean
            assert answer.body.count(b"<") == 1
            assert f"<{number}>".encode() in answer.body
    finally:
        for client in clients:
            client.close()
