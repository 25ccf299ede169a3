"""Nobody uses more than its budget, however many ask at once, of whichever worker, before or after a restart."""

from __future__ import annotations

import concurrent.futures
import contextlib
import time
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest
from tests.fakes import answers
from tests.fakes.client import request_body
from tests.fakes.steps import Fin, Pause, Stall
from tests.fakes.tier import Tier
from tests.integration.process import wait_until
from tests.integration.router import PATHS, RouterProcess, tier_config

from anvil_serving.decisions import DecisionReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.fakes.client import Answer
    from tests.fakes.steps import Step
    from tests.fakes.tier import Received

USED = 14
"""Tokens that the tier counts for each of its answers."""
CAPS = {"messages": "max_tokens", "chat": "max_tokens", "responses": "max_output_tokens"}
PATIENT = {"timeouts": {"connect": 1.0, "first_byte": 20.0, "idle": 20.0, "total": 20.0}}
TOKENS = {"KIM": "token-of-kim", "ROBIN": "token-of-robin"}
LISTED = [{"name": "kim", "auth_env": "KIM"}, {"name": "robin", "auth_env": "ROBIN"}]


@pytest.fixture
def fast() -> Iterator[Tier]:
    with Tier() as tier:
        yield tier


@pytest.fixture
def cloud() -> Iterator[Tier]:
    with Tier() as tier:
        yield tier


@contextlib.contextmanager
def _router(
    folder: Path,
    tiers: list[dict[str, Any]],
    *,
    workers: int = 1,
    clients: list[dict[str, Any]] | None = None,
    **budget: Any,
) -> Iterator[RouterProcess]:
    """A router in direct mode, whose preset `all` asks the tiers in their order."""
    settings = {
        "mode": "direct",
        "metered_cloud": ["chat"],
        "health": {"interval": "off"},
        "budget": {"path": str(folder / "budgets.sqlite3"), **budget},
    }
    ids = [tier["id"] for tier in tiers]
    presets = {"all": ids, **{name: [name] for name in ids}}
    server = {} if clients is None else {"clients": clients}
    with RouterProcess(tiers, presets, server=server, router=settings, workers=workers, environment=TOKENS) as process:
        yield process


def _local(tier: Tier, tier_id: str = "local") -> dict[str, Any]:
    return tier_config(tier_id, tier.url, **PATIENT)


def _dear(tier: Tier) -> dict[str, Any]:
    """A cloud tier whose answers cost 41 dollars a thousand: 11 tokens in, 3 out."""
    return tier_config(
        "cloud", tier.url, privacy="cloud", cost_input_per_mtok=1_000, cost_output_per_mtok=10_000, **PATIENT
    )


def _ask(
    router: RouterProcess, dialect: str = "chat", *, model: str = "all", cap: int = 100, who: str = "", **headers: str
) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if who:
        sent["authorization"] = f"Bearer {TOKENS[who]}"
    with router.client() as client:
        return client.ask("POST", PATHS[dialect], request_body(dialect, model, **{CAPS[dialect]: cap}), sent)


def _left(router: RouterProcess, who: str = "", **headers: str) -> dict[str, Any]:
    """What `POST /v1/route` says is left of each budget, once nothing is set aside."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if who:
        sent["authorization"] = f"Bearer {TOKENS[who]}"
    with router.client() as client:
        body = {"model": "all", "max_tokens": 1, "messages": [{"role": "user", "content": "say something"}]}
        told = client.ask("POST", "/v1/route", body, sent)
        assert told.status == 200, told.body
        return {each["budget"]: each for each in told.json["budgets"]}


def _all_at_once(count: int, ask: Any) -> list[Any]:
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return [each.result() for each in [pool.submit(ask) for _ in range(count)]]


def _hungry(received: Received) -> Iterable[Step]:
    """Takes its time, and all of what it may: 11 tokens in, 100 out."""
    usage = {"prompt_tokens": 11, "completion_tokens": 100, "total_tokens": 111}
    return [Pause(0.1), answers.whole(answers.document(received.dialect) | {"usage": usage})]


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_many_at_once_get_no_more_than_there_is(tmp_path: Path, fast: Tier) -> None:
    fast.plays(_hungry)
    with _router(tmp_path, [_local(fast)], workers=2, client_tokens=1_500) as router:
        assert len(router.worker_pids) == 2
        found = _all_at_once(40, lambda: _ask(router))
        statuses = [answer.status for answer in found]
        served = statuses.count(200)
        assert set(statuses) <= {200, 429, 503}
        assert served * 111 <= 1_500
        assert served >= 5
        while (answer := _ask(router)).status == 200:
            served += 1
        assert answer.status == 429
        assert 1_500 - 111 - 175 <= served * 111 <= 1_500
        assert len(fast.requests) == served, "what was refused has not been asked"


@pytest.mark.parametrize("dialect", list(PATHS))
def test_what_is_spent_is_told_in_the_callers_dialect(tmp_path: Path, fast: Tier, dialect: str) -> None:
    with _router(tmp_path, [_local(fast)], client_tokens=200, client_period="month") as router:
        assert _ask(router, dialect, cap=50).status == 200
        answer = _ask(router, dialect, cap=130)
        assert answer.status == 429
        error = answer.json["error"]
        if dialect == "messages":
            assert answer.json["type"] == "error"
            assert error["type"] == "rate_limit_error"
        else:
            assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
        assert "this client has 186 tokens left of 200 tokens this month" in error["message"]
        assert "it renews at 20" in error["message"]
        assert answer.headers["x-should-retry"] == "false"
        if dialect == "responses":
            # Codex would wait for weeks; it gives up where it is not told for how long.
            assert "retry-after" not in answer.headers
        else:
            assert 60 < int(answer.headers["retry-after"]) <= 31 * 86_400
        decision = router.decision(answer.headers["x-anvil-decision"])
        assert (decision.result, decision.status, decision.error) == ("refused", 429, "BudgetSpent")
        assert decision.attempts == ()
        [candidate] = decision.candidates
        assert candidate.place is None
        assert candidate.reason.startswith("this client has 186 tokens left")
        assert _ask(router, dialect, cap=50).status == 200, "a smaller answer still fits"
        assert len(fast.requests) == 2


def test_the_vendors_sdks_do_not_ask_again_for_what_is_spent(tmp_path: Path, fast: Tier) -> None:
    with _router(tmp_path, [_local(fast)], client_tokens=120) as router:
        url = f"http://127.0.0.1:{router.port}"
        messages: list[Any] = [{"role": "user", "content": "say something"}]
        chats = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=3)
        with pytest.raises(openai.RateLimitError, match="this client has 120 tokens left"):
            chats.chat.completions.create(model="all", messages=messages, max_tokens=100)
        with pytest.raises(openai.RateLimitError, match="this client has 120 tokens left"):
            chats.responses.create(model="all", input="say something", max_output_tokens=100)
        talks = anthropic.Anthropic(base_url=url, api_key="none", max_retries=3)
        with pytest.raises(anthropic.RateLimitError, match="this client has 120 tokens left"):
            talks.messages.create(model="all", messages=messages, max_tokens=100)

        def asked() -> int:
            with DecisionReader(router.decisions_path) as reader:
                return len(reader.page(limit=20).decisions)

        wait_until(lambda: asked() >= 3, seconds=5.0)
        assert asked() == 3
    assert fast.requests == []


def test_the_way_that_is_asked_for_says_so_too(tmp_path: Path, fast: Tier) -> None:
    with _router(tmp_path, [_local(fast)], client_tokens=120) as router, router.client() as client:
        body = {"model": "all", "max_tokens": 500, "messages": [{"role": "user", "content": "say something"}]}
        told = client.ask("POST", "/v1/route", body)
        assert told.status == 429
        assert "this client has 120 tokens left of 120 tokens this day" in told.json["error"]["message"]
    assert fast.requests == []


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", list(PATHS))
def test_what_the_tier_counts_is_what_is_charged(tmp_path: Path, fast: Tier, dialect: str, stream: bool) -> None:
    with _router(tmp_path, [_local(fast)], client_tokens=10_000) as router:
        for _ in range(3):
            with router.client() as client:
                body = request_body(dialect, "all", stream=stream, **{CAPS[dialect]: 100})
                assert client.ask("POST", PATHS[dialect], body).status == 200
        wait_until(lambda: _left(router)["this client"]["tokens"] == 10_000 - 3 * USED, seconds=3.0)


def test_sessions_have_budgets_of_their_own(tmp_path: Path, fast: Tier) -> None:
    with _router(tmp_path, [_local(fast)], clients=LISTED, session_tokens=180) as router:
        assert _ask(router, who="KIM", x_session_id="one").status == 200
        assert _ask(router, who="KIM", x_session_id="one").status == 429
        assert "this session has" in str(_ask(router, who="KIM", x_session_id="one").json)
        assert _ask(router, who="KIM", x_session_id="two").status == 200
        assert _ask(router, who="ROBIN", x_session_id="one").status == 200
        # Without a name it is the conversation.
        assert _ask(router, who="KIM").status == 200
        assert _ask(router, who="KIM").status == 429


def test_a_clients_own_limit_holds_instead_of_the_usual_one(tmp_path: Path, fast: Tier) -> None:
    clients = [{**LISTED[0], "budget_tokens": 180}, {**LISTED[1], "budget_tokens": "off"}]
    with _router(tmp_path, [_local(fast)], clients=clients, client_tokens=185) as router:
        assert [_ask(router, who="KIM").status for _ in range(2)] == [200, 429]
        assert [_ask(router, who="ROBIN").status for _ in range(4)] == [200] * 4


def test_a_request_is_charged_to_the_budgets_that_it_names_as_well(tmp_path: Path, fast: Tier) -> None:
    named = {"team": {"tokens": 180}, "mine": {"tokens": 10_000, "clients": ["kim"]}}
    with _router(tmp_path, [_local(fast)], clients=LISTED, client_tokens=10_000, named=named) as router:
        assert _ask(router, who="KIM", x_anvil_budget="team").status == 200
        spent = _ask(router, who="ROBIN", x_anvil_budget="team")
        assert spent.status == 429
        assert "budget team has" in spent.json["error"]["message"]
        answer = _ask(router, who="KIM", x_anvil_budget="mine")
        assert answer.status == 200
        assert router.decision(answer.headers["x-anvil-decision"]).dimensions == {"budget": "mine"}
        wait_until(lambda: _left(router, "KIM")["client kim"]["tokens"] == 10_000 - 2 * USED, seconds=3.0)
        assert _left(router, "KIM", x_anvil_budget="mine")["budget mine"]["tokens"] == 10_000 - USED
        for name in ("mine", "Team", "nobody's"):
            refused = _ask(router, who="ROBIN", x_anvil_budget=name)
            assert refused.status == 400
            assert refused.json["error"]["message"].endswith("there are team")
    assert len(fast.requests) == 2


def test_what_is_spent_stays_so_through_a_restart(tmp_path: Path, fast: Tier) -> None:
    for status in (200, 429, 429):
        with _router(tmp_path, [_local(fast)], workers=2, client_tokens=180) as router:
            assert _ask(router).status == status
    assert len(fast.requests) == 1


def test_who_leaves_takes_nothing_along(tmp_path: Path, fast: Tier) -> None:
    """What it had set aside is free again, but for what its attempt has probably come to."""
    with _router(tmp_path, [_local(fast)], client_tokens=3_000) as router:
        fast.plays_next([Stall()])
        with router.client() as client:
            client.request("POST", PATHS["chat"], answers.encode(request_body("chat", "all", max_tokens=2_500)))
            fast.wait_for_requests()
            others = _ask(router, cap=2_000)
            assert others.status == 503
            assert others.headers["retry-after"] == "5"
            assert "the rest is set aside for others now" in others.json["error"]["message"]
        wait_until(lambda: _left(router)["this client"]["tokens"] > 1_000, seconds=3.0)
        assert _left(router)["this client"]["tokens"] < 3_000
        assert _ask(router, cap=1_000).status == 200


def test_attempts_that_fail_are_charged_for_what_they_used(tmp_path: Path, fast: Tier, cloud: Tier) -> None:
    with _router(tmp_path, [_local(fast, "first"), _local(cloud, "second")], client_tokens=10_000) as router:
        fast.plays_next([answers.whole(b"out of order", 500)])
        assert _ask(router).headers["x-anvil-tier"] == "second"
        wait_until(lambda: _left(router)["this client"]["tokens"] == 10_000 - USED, seconds=3.0)
        # A stream that is cut has said something, which nobody has counted.
        begun = [answers.chunk(data) for data in answers.events("chat")[:3]]
        fast.plays_next([answers.stream_head(), *begun, Pause(0.2), Fin()])
        with router.client() as client:
            body = request_body("chat", "all", stream=True, max_tokens=100)
            assert not client.ask("POST", PATHS["chat"], body).is_clean
        left = 10_000 - USED
        wait_until(lambda: left - 180 <= _left(router)["this client"]["tokens"] < left, seconds=3.0)


def test_embeddings_are_set_aside_by_their_size_and_charged_as_counted(tmp_path: Path, fast: Tier) -> None:
    tier = {**_local(fast), "purposes": ["chat", "embeddings"]}
    vectors = {"object": "list", "data": [], "model": "m", "usage": {"prompt_tokens": 250, "total_tokens": 250}}
    fast.plays([answers.whole(vectors)])
    with _router(tmp_path, [tier], client_tokens=600) as router, router.client() as client:
        body = {"model": "all", "input": "word " * 200}
        assert client.ask("POST", "/v1/embeddings", body).status == 200
        wait_until(lambda: _left(router)["this client"]["tokens"] == 600 - 250, seconds=3.0)
        assert client.ask("POST", "/v1/embeddings", body).status == 429


# ── dollars ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_spent_dollars_close_the_cloud_and_local_tiers_go_on(tmp_path: Path, fast: Tier, cloud: Tier) -> None:
    with _router(tmp_path, [_dear(cloud), _local(fast)], workers=2, client_usd=0.26) as router:
        served = [_ask(router, cap=10) for _ in range(6)]
        assert [answer.status for answer in served] == [200] * 6
        assert [answer.headers["x-anvil-tier"] for answer in served] == ["cloud"] * 3 + ["local"] * 3
        decision = router.decision(served[-1].headers["x-anvil-decision"])
        [closed] = [each for each in decision.candidates if each.place is None]
        assert closed.tier == "cloud"
        assert closed.reason.startswith("this client has $0.1370 left of $0.2600 this day, and this may take $0.1")
        # Nobody else is there to go on with.
        alone = _ask(router, "messages", model="cloud", cap=10)
        assert (alone.status, alone.json["error"]["type"]) == (429, "rate_limit_error")
        assert "cloud" not in alone.json["error"]["message"]
    assert len(cloud.requests) == 3


def test_many_at_once_bill_no_more_than_there_is(tmp_path: Path, fast: Tier, cloud: Tier) -> None:
    """Each answer may cost about 0.17 dollars, and costs 0.041."""
    cloud.plays(lambda received: [Pause(0.1), *answers.well(received)])
    with _router(tmp_path, [_dear(cloud), _local(fast)], workers=2, client_usd=0.5) as router:
        found = _all_at_once(30, lambda: _ask(router, cap=10))
        assert {answer.status for answer in found} == {200}
        billed = [answer.headers["x-anvil-tier"] for answer in found].count("cloud")
        assert 2 <= billed <= 12
        held = [router.decision(answer.headers["x-anvil-decision"]) for answer in found]
        while _ask(router, cap=10).headers["x-anvil-tier"] == "cloud":
            billed += 1
        assert 0.5 - 0.175 - 0.041 <= billed * 0.041 <= 0.5
        # Some had been promised a place in the plan and found it taken.
        labels = {attempt.outcome for decision in held for attempt in decision.attempts}
        assert labels <= {"answered", "budget_held", "budget_spent"}
    assert len(cloud.requests) == billed


def test_where_a_price_is_not_known_nothing_is_billed(tmp_path: Path, fast: Tier, cloud: Tier) -> None:
    unpriced = tier_config("cloud", cloud.url, privacy="cloud", **PATIENT)
    with _router(tmp_path, [unpriced, _local(fast)], client_usd=1_000.0) as router:
        answer = _ask(router)
        assert answer.headers["x-anvil-tier"] == "local"
        [closed] = [
            each for each in router.decision(answer.headers["x-anvil-decision"]).candidates if each.place is None
        ]
        assert closed.reason == "its price is not known, and what may be spent has a limit"
    assert cloud.requests == []


def test_where_the_file_cannot_be_used_local_tiers_go_on_and_nothing_is_billed(
    tmp_path: Path, fast: Tier, cloud: Tier
) -> None:
    (tmp_path / "budgets.sqlite3").write_bytes(b"no database at all" * 500)
    with _router(tmp_path, [_dear(cloud), _local(fast)], client_usd=1_000.0) as router:
        wait_until(lambda: "file of the budgets cannot be used" in router.log, seconds=3.0)
        assert _ask(router).headers["x-anvil-tier"] == "local"
    with _router(tmp_path, [_local(fast)], client_tokens=10**6) as router:
        answer = _ask(router)
        assert answer.status == 503
        assert "what is left of the budgets cannot be read" in answer.json["error"]["message"]
    assert cloud.requests == []
    assert len(fast.requests) == 1


# ── how often ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("dialect", list(PATHS))
def test_a_client_may_ask_so_often_and_others_as_they_like(tmp_path: Path, fast: Tier, dialect: str) -> None:
    clients = [{**LISTED[0], "requests_per_minute": 5}, LISTED[1]]
    with _router(tmp_path, [_local(fast)], workers=2, clients=clients) as router:
        found = _all_at_once(12, lambda: _ask(router, dialect, who="KIM"))
        assert sorted(answer.status for answer in found) == [200] * 5 + [429] * 7
        refused = next(answer for answer in found if answer.status == 429)
        error = refused.json["error"]
        assert error["type"] == "rate_limit_error"
        assert error["message"] == "client kim may send 5 requests a minute, and has"
        assert 1 <= int(refused.headers["retry-after"]) <= 12
        assert "x-should-retry" not in refused.headers
        assert [_ask(router, dialect, who="ROBIN").status for _ in range(8)] == [200] * 8
        with router.client() as client:
            shown = client.ask("GET", "/v1/models", headers={"authorization": f"Bearer {TOKENS['KIM']}"})
            assert shown.status == 200
    assert len(fast.requests) == 5 + 8


def test_a_request_too_many_is_not_even_read(tmp_path: Path, fast: Tier) -> None:
    clients = [{**LISTED[0], "requests_per_minute": 1}]
    with _router(tmp_path, [_local(fast)], clients=clients) as router:
        assert _ask(router, who="KIM").status == 200
        with router.client() as client:
            began = time.monotonic()
            head = {"content-length": "20000000", "authorization": f"Bearer {TOKENS['KIM']}"}
            client.request("POST", PATHS["chat"], None, head)
            assert client.read_answer().status == 429
            assert time.monotonic() - began < 1.0


def test_without_a_budget_there_is_no_file(tmp_path: Path, fast: Tier) -> None:
    with _router(tmp_path, [_local(fast)]) as router:
        assert _ask(router).status == 200
    assert list(tmp_path.iterdir()) == []
