"""A tier with `max_concurrency` never has more to do than it has places; the others wait in the order they came."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes import answers
from tests.fakes.client import Client, request_body
from tests.fakes.steps import Pause, Stall
from tests.fakes.tier import Tier
from tests.integration.process import wait_until
from tests.integration.router import PATHS, RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENT = {"connect": 1.0, "first_byte": 30.0, "idle": 30.0, "total": 60.0}


class Counted:
    """A script that counts how many requests are with the tier at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0

    def __call__(self, received: Any) -> Iterator[Any]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        yield Pause(self._seconds)
        with self._lock:
            # Before the answer goes out: the next one may come at once.
            self._now -= 1
        yield from answers.well(received)


@pytest.fixture
def narrow() -> Iterator[Tier]:
    with Tier() as tier:
        yield tier


@contextlib.contextmanager
def _router(narrow: Tier, *, places: int = 2, workers: int = 1, **fallback: Any) -> Iterator[RouterProcess]:
    """`narrow` with so many places, and `wide` behind it in one of the presets."""
    with Tier() as wide:
        tiers = [
            tier_config("narrow", narrow.url, max_concurrency=places, timeouts=PATIENT),
            tier_config("wide", wide.url, timeouts=PATIENT),
        ]
        presets = {"alone": ["narrow"], "backed": ["narrow", "wide"]}
        with RouterProcess(tiers, presets, workers=workers, router={"fallback": fallback}) as process:
            yield process


def _send(client: Client, model: str = "alone", dialect: str = "chat", **more: Any) -> None:
    client.request("POST", PATHS[dialect], answers.encode(request_body(dialect, model, **more)))


@contextlib.contextmanager
def _clients(router: RouterProcess, count: int) -> Iterator[list[Client]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(router.client(timeout=30.0)) for _ in range(count)]


def test_fifty_callers_are_answered_in_order_two_at_once(narrow: Tier) -> None:
    script = Counted(0.05)
    narrow.plays(script)
    with _router(narrow) as router, _clients(router, 50) as clients:
        for number, client in enumerate(clients):
            _send(client, metadata={"number": str(number)})
            if number == 1:
                narrow.wait_for_requests(2)
            time.sleep(0.005)
        found = [client.read_answer() for client in clients]
    assert [answer.status for answer in found] == [200] * 50
    assert script.most == 2
    order = [int(received.json["metadata"]["number"]) for received in narrow.requests]
    assert sorted(order) == list(range(50))
    # Two connections may overtake one another on their way; a queue that is none would mix all of them.
    assert all(abs(place - number) <= 2 for place, number in enumerate(order)), order


def test_the_wait_for_a_place_is_in_the_decision(narrow: Tier) -> None:
    narrow.plays([Pause(0.3), answers.whole(answers.document("chat"))])
    with _router(narrow, places=1) as router, _clients(router, 2) as (one, other):
        _send(one)
        narrow.wait_for_requests(1)
        _send(other)
        waited = [router.decision(client.read_answer().headers["x-anvil-decision"]) for client in (one, other)]
    assert waited[0].attempts[0].queue_seconds < 0.05
    assert 0.1 < waited[1].attempts[0].queue_seconds < 2.0
    assert waited[1].queue_seconds == waited[1].attempts[0].queue_seconds


@pytest.mark.parametrize(("dialect", "status"), [("chat", 503), ("responses", 503), ("messages", 529)])
def test_who_finds_the_queue_full_and_nobody_else_is_told_so_in_its_dialects_words(
    narrow: Tier, dialect: str, status: int
) -> None:
    narrow.plays([Stall()])
    with _router(narrow, places=1, queue_length=1) as router, _clients(router, 3) as (one, other, third):
        _send(one)
        narrow.wait_for_requests(1)
        _send(other)
        time.sleep(0.1)
        _send(third, dialect=dialect)
        answer = third.read_answer()
        decision = router.decision(answer.headers["x-anvil-decision"])
    assert answer.status == status
    assert 1 <= int(answer.headers["retry-after"]) <= 30
    error = answer.json["error"]
    assert error["type"] == ("overloaded_error" if dialect == "messages" else "server_error")
    assert "narrow: queue_full" in error["message"]
    assert [attempt.outcome for attempt in decision.attempts] == ["queue_full"]
    assert decision.result == "exhausted"


@pytest.mark.parametrize(
    ("fallback", "label"), [({"queue_length": 0}, "queue_full"), ({"queue_seconds": 0.2}, "queue_timeout")]
)
def test_who_gets_no_place_goes_on_to_the_next_tier(narrow: Tier, fallback: dict[str, Any], label: str) -> None:
    narrow.plays([Stall()])
    # Too good to be passed over for being full: it is asked first all the same.
    with _router(narrow, places=1, **fallback) as router, _clients(router, 2) as (one, other):
        _send(one)
        narrow.wait_for_requests(1)
        _send(other, "model:narrow")
        assert label in other.read_answer().json["error"]["message"]
        for _ in range(7):
            # Its place was never the problem, and nothing was wrong with it: no breaker has opened.
            _send(other, "model:narrow")
            assert label in other.read_answer().json["error"]["message"]
        _send(other, "backed")
        answer = other.read_answer()
    assert answer.headers["x-anvil-tier"] == "wide"


def test_who_leaves_the_queue_has_left_it_at_once(narrow: Tier) -> None:
    narrow.plays_next([Pause(0.6), answers.whole(answers.document("chat"))])
    with _router(narrow, places=1, queue_length=1) as router, _clients(router, 3) as (one, other, third):
        _send(one)
        narrow.wait_for_requests(1)
        _send(other)
        time.sleep(0.1)
        other.close()
        time.sleep(0.15)
        _send(third)
        assert third.read_answer().status == 200, "there was room in the queue"
    assert len(narrow.requests) == 2, "nobody asked for the one that left"


def test_places_are_free_again_however_an_attempt_ends(narrow: Tier) -> None:
    broken = [
        [answers.whole(b"no", 500)],
        [answers.whole(answers.error("chat", "no"), 400)],
        [answers.stream_head(), answers.chunk(answers.events("chat")[0])],
    ]
    with _router(narrow, places=1, queue_seconds=2.0, breaker_failures="off") as router:
        for script in broken:
            narrow.plays_next(script)
            with router.client() as client:
                _send(client, stream=len(script) > 1)
                client.read_head()
        narrow.plays_next([Stall()])
        with router.client() as client:
            _send(client)
            narrow.wait_for_requests(4)
        with router.client() as client:
            _send(client)
            assert client.read_answer().status == 200


def test_each_worker_has_its_share_of_the_places(narrow: Tier) -> None:
    script = Counted(0.2)
    narrow.plays(script)
    with _router(narrow, places=4, workers=2) as router, _clients(router, 20) as clients:
        for client in clients:
            _send(client)
        assert [client.read_answer().status for client in clients] == [200] * 20
    assert script.most <= 4


def test_a_caller_that_waits_for_a_place_is_given_signs_of_life(narrow: Tier) -> None:
    narrow.plays([Pause(1.0), *answers.stream("chat")])
    with Tier() as wide:
        tiers = [tier_config("narrow", narrow.url, max_concurrency=1, timeouts=PATIENT), tier_config("wide", wide.url)]
        window = {"window": {"heartbeat_after": 0.2, "heartbeat_every": 0.2}}
        with RouterProcess(tiers, {"alone": ["narrow"]}, router=window) as router, _clients(router, 2) as (one, other):
            _send(one, stream=True)
            narrow.wait_for_requests(1)
            _send(other, stream=True)
            other.read_head()
            assert len(narrow.requests) == 1, "it is still in the queue"
            assert one.read_answer().is_clean
            wait_until(lambda: len(narrow.requests) == 2, seconds=2.0)
