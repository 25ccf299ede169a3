"""Every answer's decision: what it says, how it is read, and that its log never stands in an answer's way."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes import answers, faults
from tests.fakes.client import request_body
from tests.fakes.steps import Pause, Reset, Stall
from tests.fakes.tier import Tier
from tests.integration.router import PATHS, RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.client import Answer

OUT = [answers.whole(b"out of order", 500)]


@pytest.fixture(scope="module")
def _fleet() -> Iterator[dict[str, Tier]]:
    with Tier() as fast, Tier() as heavy:
        yield {"fast": fast, "heavy": heavy}


@pytest.fixture(scope="module")
def routed(_fleet: dict[str, Tier]) -> Iterator[RouterProcess]:
    tiers = [
        tier_config("fast", _fleet["fast"].url),
        tier_config("heavy", _fleet["heavy"].url, cost_input_per_mtok=2.0, cost_output_per_mtok=10.0),
    ]
    # What one test has a tier do is not to open a breaker for the next.
    settings = {"health": {"interval": "off"}, "fallback": {"breaker_failures": "off"}}
    with RouterProcess(tiers, {"chat": ["fast", "heavy"]}, router=settings) as process:
        yield process


def _ask(router: RouterProcess, dialect: str = "chat", *, model: str = "chat", **more: Any) -> Answer:
    with router.client() as client:
        return client.ask("POST", PATHS[dialect], request_body(dialect, model, **more))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", ["chat", "messages", "responses"])
def test_it_says_what_was_tried_and_what_that_cost(
    routed: RouterProcess, fleet: dict[str, Tier], dialect: str, stream: bool
) -> None:
    fleet["fast"].plays_next(OUT)
    answer = _ask(routed, dialect, stream=stream)
    decision = routed.decision(answer.headers["x-anvil-decision"])
    assert (decision.result, decision.status, decision.tier, decision.dialect) == ("answered", 200, "heavy", dialect)
    assert [(each.tier, each.outcome, each.status) for each in decision.attempts] == [
        ("fast", "status", 500),
        ("heavy", "answered", None),
    ]
    assert decision.attempts[1].output_tokens == 3
    assert decision.cost_usd == pytest.approx((11 * 2.0 + 3 * 10.0) / 1e6)
    if dialect == "chat":
        # The tier is asked to count whatever the client wants to know.
        assert (b'"usage"' in answer.body) is not stream
    assert decision.facts.stream is stream
    assert 0 < decision.first_byte_seconds < decision.total_seconds + 1e-9


def test_no_word_of_a_conversation_is_kept(routed: RouterProcess, fleet: dict[str, Tier]) -> None:
    secret = "xylophone-moustache"
    tool = {"type": "function", "function": {"name": f"tool-{secret}", "parameters": {"type": "object"}}}
    messages = [{"role": "system", "content": f"sys {secret}"}, {"role": "user", "content": f"please plan {secret}"}]
    fleet["fast"].script = answers.well_saying(secret)
    answer = _ask(routed, messages=messages, tools=[tool], model="auto")
    routed.decision(answer.headers["x-anvil-decision"])
    with sqlite3.connect(routed.decisions_path) as log:
        everything = log.execute("SELECT * FROM decisions").fetchall()
    log.close()
    assert everything
    assert secret not in repr(everything)


def test_an_answer_that_broke_off_is_told_as_that(routed: RouterProcess, fleet: dict[str, Tier]) -> None:
    fleet["fast"].plays_next([*faults.first_words("chat"), Pause(0.1), Reset()])
    answer = _ask(routed, stream=True)
    decision = routed.decision(answer.headers["x-anvil-decision"])
    assert (decision.result, decision.tier) == ("broken_off", "fast")
    assert decision.attempts[0].outcome == decision.error


def test_a_caller_that_left_is_told_as_that(routed: RouterProcess, fleet: dict[str, Tier]) -> None:
    fleet["fast"].plays_next([Stall()])
    with routed.client() as client:
        client.request(
            "POST", PATHS["chat"], json.dumps(request_body("chat", "chat")).encode(), {"x-request-id": "left"}
        )
        deadline = time.monotonic() + 3
        while not fleet["fast"].requests and time.monotonic() < deadline:
            time.sleep(0.01)
    decision = routed.decision("left")
    assert decision.result == "client_left"
    assert [(each.tier, each.outcome) for each in decision.attempts] == [("fast", "client_left")]


def test_a_failed_tool_call_is_laid_at_its_answers_door(routed: RouterProcess, fleet: dict[str, Tier]) -> None:
    call = {"id": "call_9", "type": "function", "function": {"name": "edit", "arguments": "{}"}}
    document = answers.document("chat")
    document["choices"][0]["message"] = {"role": "assistant", "content": None, "tool_calls": [call]}
    document["choices"][0]["finish_reason"] = "tool_calls"
    fleet["fast"].plays_next([answers.whole(document)])
    tool = {"type": "function", "function": {"name": "edit", "parameters": {"type": "object"}}}
    ask = {"role": "user", "content": "fix it"}
    first = routed.decision(_ask(routed, messages=[ask], tools=[tool]).headers["x-anvil-decision"])
    assert first.tool_calls == ("call_9",)
    error = {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "call_9", "is_error": True, "content": "no"}],
    }
    use = {"role": "assistant", "content": [{"type": "tool_use", "id": "call_9", "name": "edit", "input": {}}]}
    tools = [{"name": "edit", "input_schema": {"type": "object"}}]
    answer = _ask(routed, "messages", messages=[ask, use, error], tools=tools)
    assert routed.decision(answer.headers["x-anvil-decision"]).failed_tool_calls == ("call_9",)


class TestReading:
    def test_pages_filters_and_single_ones(self, routed: RouterProcess, fleet: dict[str, Tier]) -> None:
        ids = [_ask(routed).headers["x-anvil-decision"] for _ in range(3)]
        routed.decision(ids[-1])
        with routed.client() as client:
            first = client.ask("GET", "/v1/decisions?limit=2&tier=fast").json
            assert [each["id"] for each in first["decisions"]] == [ids[2], ids[1]]
            second = client.ask("GET", f"/v1/decisions?limit=2&tier=fast&after={first['next']}").json
            assert second["decisions"][0]["id"] == ids[0]
            assert client.ask("GET", f"/v1/decisions/{ids[0]}").json["id"] == ids[0]
            assert client.ask("GET", "/v1/decisions/dec_none").status == 404
            assert client.ask("GET", "/v1/decisions?result=exhausted&since=4000000000").json["decisions"] == []

    @pytest.mark.parametrize("query", ["limit=0", "limit=x", "teir=fast", "after=garbage", "since=1e9", "since=x"])
    def test_what_cannot_be_asked_is_400(self, routed: RouterProcess, fleet: dict[str, Tier], query: str) -> None:
        with routed.client() as client:
            assert client.ask("GET", f"/v1/decisions?{query}").status == 400

    def test_a_person_reads_why(self, routed: RouterProcess, fleet: dict[str, Tier]) -> None:
        fleet["fast"].plays_next(OUT)
        decision_id = _ask(routed).headers["x-anvil-decision"]
        routed.decision(decision_id)
        command = [sys.executable, "-m", "anvil_serving", "decisions", "explain", decision_id]
        page = subprocess.run(
            [*command, "--log", str(routed.decisions_path)], capture_output=True, text=True, check=True, timeout=30
        ).stdout
        for said in ("chat", "fast", "heavy", "costs nothing", "500", "$0.0000", "price list of"):
            assert said in page


class TestTroubles:
    """Whatever happens to the log, answers are made, as fast as ever, and the operator is told."""

    def _router(self, fleet: dict[str, Tier], path: Path) -> RouterProcess:
        tiers = [tier_config("fast", fleet["fast"].url)]
        return RouterProcess(tiers, {"chat": ["fast"]}, decisions={"path": str(path)})

    def _is_told(self, router: RouterProcess, words: str) -> bool:
        deadline = time.monotonic() + 10
        while words not in router.log and time.monotonic() < deadline:
            time.sleep(0.05)
        return words in router.log

    def _answers(self, router: RouterProcess) -> None:
        began = time.monotonic()
        for _ in range(20):
            assert _ask(router).status == 200
        assert time.monotonic() - began < 2.0

    def test_a_log_that_cannot_be_opened(self, fleet: dict[str, Tier], tmp_path: Path) -> None:
        (tmp_path / "file").write_text("no folder")
        with self._router(fleet, tmp_path / "file" / "log.sqlite3") as router:
            self._answers(router)
            assert self._is_told(router, "decisions cannot be logged")
            with router.client() as client:
                assert client.ask("GET", "/v1/decisions").status in (200, 503)

    def test_a_log_that_is_no_database(self, fleet: dict[str, Tier], tmp_path: Path) -> None:
        path = tmp_path / "log.sqlite3"
        path.write_bytes(b"this is no database at all" * 1_000)
        with self._router(fleet, path) as router:
            self._answers(router)
            assert self._is_told(router, "corrupt")
            assert list(tmp_path.glob("log.sqlite3.corrupt-*"))

    def test_a_log_that_another_program_has_locked(self, fleet: dict[str, Tier], tmp_path: Path) -> None:
        path = tmp_path / "log.sqlite3"
        with self._router(fleet, path) as router:
            self._answers(router)
            deadline = time.monotonic() + 5
            while not path.exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            other = sqlite3.connect(path, isolation_level=None)
            try:
                other.execute("BEGIN EXCLUSIVE")
                self._answers(router)
                began = time.monotonic()
                router.terminate()
                router.wait(15.0)
                assert time.monotonic() - began < 10.0
            finally:
                other.close()

    def test_a_log_that_is_switched_off(self, fleet: dict[str, Tier], tmp_path: Path) -> None:
        path = tmp_path / "log.sqlite3"
        tiers = [tier_config("fast", fleet["fast"].url)]
        with RouterProcess(tiers, {"chat": ["fast"]}, decisions={"enabled": False, "path": str(path)}) as router:
            self._answers(router)
            with router.client() as client:
                assert client.ask("GET", "/v1/decisions").status == 503
        assert not path.exists()


def test_workers_share_one_log(fleet: dict[str, Tier]) -> None:
    tiers = [tier_config("fast", fleet["fast"].url)]
    with RouterProcess(tiers, {"chat": ["fast"]}, workers=2) as router:
        ids = [_ask(router).headers["x-anvil-decision"] for _ in range(40)]
        assert len({decision_id[:20] for decision_id in ids}) == 2, "both workers have answered"
        for decision_id in ids:
            assert router.decision(decision_id).result == "answered"
