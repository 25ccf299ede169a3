"""SIGTERM: answers that run may finish, nobody new is let in, and what takes too long is broken off openly."""

from __future__ import annotations

import json
import time
from itertools import repeat
from typing import TYPE_CHECKING

import pytest
from tests.fakes import answers
from tests.fakes.client import request_body
from tests.fakes.steps import Pause, Stall
from tests.integration.router import PATHS, RouterProcess, tier_config

if TYPE_CHECKING:
    from tests.fakes.tier import Tier

TIMEOUTS = {"connect": 5.0, "first_byte": 20.0, "idle": 20.0, "total": 60.0}


def _router(tier: Tier, *, drain_timeout: float, workers: int = 1) -> RouterProcess:
    return RouterProcess(
        [tier_config("first", tier.url, timeouts=TIMEOUTS)],
        {"alone": ["first"]},
        server={"drain_timeout": drain_timeout},
        workers=workers,
    )


@pytest.mark.parametrize("dialect", list(PATHS))
def test_a_running_stream_finishes_and_nobody_new_is_let_in(first: Tier, dialect: str) -> None:
    pieces = answers.stream(dialect)
    first.plays([*pieces[:3], Pause(1.0), *pieces[3:]])
    with _router(first, drain_timeout=5.0) as router, router.client() as client, router.client() as idle:
        assert idle.ask("GET", "/healthz").status == 200
        client.request("POST", PATHS[dialect], json.dumps(request_body(dialect, stream=True)).encode())
        first.wait_for_requests()
        time.sleep(0.1)
        router.terminate()
        time.sleep(0.3)
        assert not router.is_healthy(), "a new connection was let in"
        answer = client.read_answer()
        assert answer.is_clean
        assert answers.TERMINAL[dialect] in answer.body
        assert router.wait(4.0) == 0


@pytest.mark.parametrize("dialect", list(PATHS))
def test_a_stream_that_outlasts_the_drain_ends_in_an_error_event_and_an_abort(first: Tier, dialect: str) -> None:
    first.plays([*answers.stream(dialect)[:4], Stall()])
    with _router(first, drain_timeout=1.0) as router, router.client() as client:
        client.request("POST", PATHS[dialect], json.dumps(request_body(dialect, stream=True)).encode())
        first.wait_for_requests()
        time.sleep(0.1)
        router.terminate()
        answer = client.read_answer()
        assert answer.status == 200
        assert answer.ending == "aborted"
        last = answer.events[-1]
        told = json.loads(last.split(b"data: ", 1)[1])
        error = told["response"]["error"] if dialect == "responses" else told["error"]
        assert error["message"] == "the router is shutting down"
        assert answers.TERMINAL[dialect] not in answer.body
        assert router.wait(8.0) == 0
        assert first.requests[0].connection.gone.wait(1.0)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_an_answer_that_has_not_begun_by_then_is_an_error_worth_retrying(first: Tier, stream: bool) -> None:
    first.plays([Stall()])
    with _router(first, drain_timeout=1.0) as router, router.client() as client:
        client.request("POST", PATHS["chat"], json.dumps(request_body("chat", stream=stream)).encode())
        first.wait_for_requests()
        router.terminate()
        answer = client.read_answer()
        assert answer.status == 503
        assert answer.is_clean
        assert 1 <= int(answer.headers["retry-after"]) <= 30
        assert router.wait(8.0) == 0


def test_a_client_that_does_not_read_does_not_hold_it_up(first: Tier) -> None:
    events = answers.events("chat", ["word "] * 200)
    piece = answers.chunk(b"".join(events[1:-2]))
    first.plays(lambda _: [answers.stream_head(), answers.chunk(events[0]), *repeat(piece, 5_000)])
    with _router(first, drain_timeout=1.0) as router, router.client(receive_buffer=4096) as client:
        client.request("POST", PATHS["chat"], json.dumps(request_body("chat", stream=True)).encode())
        client.read_until(b"assistant")
        time.sleep(0.5)
        router.terminate()
        assert router.wait(4.0) == 0


def test_idle_connections_do_not_hold_it_up(first: Tier) -> None:
    with _router(first, drain_timeout=10.0) as router, router.client() as idle, router.client():
        assert idle.ask("POST", PATHS["chat"], request_body("chat")).status == 200
        told_at = time.monotonic()
        router.terminate()
        assert router.wait(8.0) == 0
        assert time.monotonic() - told_at < 3.0
        assert idle.is_closed_by_server()


def test_all_workers_drain(first: Tier) -> None:
    pieces = answers.stream("chat")
    first.plays([*pieces[:3], Pause(1.0), *pieces[3:]])
    with _router(first, drain_timeout=5.0, workers=2) as router:
        clients = [router.client() for _ in range(8)]
        try:
            for client in clients:
                client.request("POST", PATHS["chat"], json.dumps(request_body("chat", stream=True)).encode())
            first.wait_for_requests(8)
            router.terminate()
            assert all(client.read_answer().is_clean for client in clients)
            assert router.wait(8.0) == 0
        finally:
            for client in clients:
                client.close()
