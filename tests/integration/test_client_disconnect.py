"""A caller that leaves has its tier told at once; a caller that leaves after the last event has been served."""

from __future__ import annotations

import json
import time
from itertools import repeat
from typing import TYPE_CHECKING

import pytest
from tests.fakes import answers
from tests.fakes.client import Client, request_body
from tests.fakes.steps import Stall
from tests.fakes.tier import Tier
from tests.integration.router import PATHS, RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT_SECONDS = 0.3
"""The promise is 100 ms; the rest is for a loaded machine."""

LEAVING = {"fin": Client.close, "rst": Client.reset}


@pytest.fixture(scope="module")
def _patient_tiers() -> Iterator[tuple[Tier, Tier]]:
    with Tier() as first, Tier() as second:
        yield first, second


@pytest.fixture(scope="module")
def patient_router(_patient_tiers: tuple[Tier, Tier]) -> Iterator[RouterProcess]:
    """No deadline of a tier passes while a test runs: whoever leaves, it is the client."""
    first, second = _patient_tiers
    timeouts = {"connect": 30.0, "first_byte": 30.0, "idle": 30.0, "total": 60.0}
    presets = {"alone": ["first"], "backed": ["first", "second"], "unknown": ["modelless"]}
    tiers = [tier_config("first", first.url, timeouts=timeouts), tier_config("second", second.url, timeouts=timeouts)]
    modelless = tier_config("modelless", first.url, timeouts=timeouts)
    del modelless["model"]
    with RouterProcess([*tiers, modelless], presets, server={"body_timeout": 30.0}) as process:
        yield process


@pytest.fixture
def patient(_patient_tiers: tuple[Tier, Tier]) -> Iterator[Tier]:
    yield _patient_tiers[0]
    _patient_tiers[0].reset()


@pytest.fixture
def behind(_patient_tiers: tuple[Tier, Tier]) -> Iterator[Tier]:
    yield _patient_tiers[1]
    _patient_tiers[1].reset()


def _leave_and_measure(client: Client, tier: Tier, leave: Callable[[Client], None]) -> float:
    """Seconds until the tier was told."""
    connection = tier.wait_for_requests().connection
    # A request is listened to from the watch's first tick on.
    time.sleep(0.1)
    left_at = time.monotonic()
    leave(client)
    assert connection.gone.wait(5.0), "the tier was never told"
    assert connection.closed_at is not None
    took = connection.closed_at - left_at
    print(f"the tier was told after {took * 1000:.0f} ms")
    assert took < LIMIT_SECONDS
    return took


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("dialect", list(PATHS))
def test_the_tier_of_a_caller_that_leaves_is_told_within_a_tenth_of_a_second(
    patient_router: RouterProcess, patient: Tier, dialect: str, stream: bool
) -> None:
    """The promise itself: the best of five is what the router takes, the rest is the machine's."""
    took = []
    for _ in range(5):
        patient.reset()
        patient.plays([Stall()])
        client = patient_router.client()
        client.request("POST", PATHS[dialect], json.dumps(request_body(dialect, stream=stream)).encode())
        took.append(_leave_and_measure(client, patient, Client.close))
    assert min(took) < 0.1


@pytest.mark.parametrize("leave", list(LEAVING.values()), ids=list(LEAVING))
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("dialect", list(PATHS))
def test_leaving_before_the_tiers_head_closes_its_connection(
    patient_router: RouterProcess, patient: Tier, behind: Tier, dialect: str, stream: bool, leave: Callable[..., None]
) -> None:
    patient.plays([Stall()])
    client = patient_router.client()
    client.request("POST", PATHS[dialect], json.dumps(request_body(dialect, "backed", stream=stream)).encode())
    _leave_and_measure(client, patient, leave)
    time.sleep(0.1)
    assert behind.connections == [], "a caller who left is never retried for"
    assert patient_router.is_healthy()


@pytest.mark.parametrize("leave", list(LEAVING.values()), ids=list(LEAVING))
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("dialect", list(PATHS))
def test_leaving_in_the_middle_of_an_answer_closes_the_tiers_connection(
    patient_router: RouterProcess, patient: Tier, behind: Tier, dialect: str, stream: bool, leave: Callable[..., None]
) -> None:
    if stream:
        patient.plays([*answers.stream(dialect)[:4], Stall()])
    else:
        patient.plays([answers.whole(answers.document(dialect))[:-20], Stall()])
    client = patient_router.client()
    client.request("POST", PATHS[dialect], json.dumps(request_body(dialect, "backed", stream=stream)).encode())
    if stream:
        client.read_until({"chat": b"beta", "messages": b"alpha", "responses": b"output_item.added"}[dialect])
    _leave_and_measure(client, patient, leave)
    time.sleep(0.1)
    assert behind.connections == []
    assert patient_router.is_healthy()


@pytest.mark.parametrize("leave", list(LEAVING.values()), ids=list(LEAVING))
def test_leaving_a_stream_that_never_pauses_closes_the_tiers_connection(
    patient_router: RouterProcess, patient: Tier, leave: Callable[..., None]
) -> None:
    """Something is always there for this client: its leaving is noticed without a wait for the tier."""
    events = answers.events("chat", ["word "] * 200)
    piece = answers.chunk(b"".join(events[1:-2]))
    patient.plays(lambda _: [answers.stream_head(), answers.chunk(events[0]), *repeat(piece, 5_000)])
    client = patient_router.client()
    client.request("POST", PATHS["chat"], json.dumps(request_body("chat", stream=True)).encode())
    for _ in range(20):
        client.socket.recv(65_536)
    _leave_and_measure(client, patient, leave)
    assert patient_router.is_healthy()


@pytest.mark.parametrize("leave", list(LEAVING.values()), ids=list(LEAVING))
def test_leaving_while_nothing_is_read_closes_the_tiers_connection(
    patient_router: RouterProcess, patient: Tier, leave: Callable[..., None]
) -> None:
    """The client's window is full, so the router waits to write; that it leaves is noticed all the same."""
    events = answers.events("chat", ["word "] * 200)
    piece = answers.chunk(b"".join(events[1:-2]))
    patient.plays(lambda _: [answers.stream_head(), answers.chunk(events[0]), *repeat(piece, 5_000)])
    client = patient_router.client(receive_buffer=4096)
    client.request("POST", PATHS["chat"], json.dumps(request_body("chat", stream=True)).encode())
    client.read_until(b"assistant")
    time.sleep(0.5)
    _leave_and_measure(client, patient, leave)


@pytest.mark.parametrize("leave", list(LEAVING.values()), ids=list(LEAVING))
def test_leaving_while_the_tier_is_asked_for_its_model_closes_the_tiers_connection(
    patient_router: RouterProcess, patient: Tier, leave: Callable[..., None]
) -> None:
    patient.plays_models([Stall()])
    client = patient_router.client()
    client.request("POST", PATHS["chat"], json.dumps(request_body("chat", "unknown")).encode())
    connection = patient.wait_for_requests(kind="models").connection
    time.sleep(0.1)
    left_at = time.monotonic()
    leave(client)
    assert connection.gone.wait(2.0), "the tier was never told"
    assert connection.closed_at is not None
    assert connection.closed_at - left_at < LIMIT_SECONDS


@pytest.mark.parametrize("leave", list(LEAVING.values()), ids=list(LEAVING))
def test_leaving_in_the_middle_of_the_body_asks_no_tier(
    patient_router: RouterProcess, patient: Tier, leave: Callable[..., None]
) -> None:
    body = json.dumps(request_body("chat")).encode()
    client = patient_router.client()
    client.request("POST", PATHS["chat"], body[:20], {"content-length": str(len(body))})
    time.sleep(0.1)
    leave(client)
    time.sleep(0.1)
    assert patient.requests == []
    assert patient_router.is_healthy()


@pytest.mark.parametrize("leave", list(LEAVING.values()), ids=list(LEAVING))
@pytest.mark.parametrize("dialect", list(PATHS))
def test_leaving_right_after_the_terminal_event_keeps_the_tiers_connection(
    patient_router: RouterProcess, patient: Tier, dialect: str, leave: Callable[..., None]
) -> None:
    for _ in range(5):
        client = patient_router.client()
        client.request("POST", PATHS[dialect], json.dumps(request_body(dialect, stream=True)).encode())
        client.read_until(answers.TERMINAL[dialect])
        client.read_until(b"\n\n")
        leave(client)
        # The tier's terminator is on its way when the client has its last event.
        time.sleep(0.05)
    assert len(patient.connections) == 1
    assert patient.connections[0].requests == 5
    assert not patient.connections[0].gone.is_set()
