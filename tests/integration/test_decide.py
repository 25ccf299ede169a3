"""What a request leads to, seen from outside: intent, kind of work, dimensions, rights, conversations, residency."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes import answers
from tests.fakes.client import request_body
from tests.fakes.tier import Tier
from tests.integration.router import PATHS, RouterProcess, free_port, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.client import Answer

OUT = [answers.whole(b"out of order", 500)]
TOKENS = {"ADMIN_TOKEN": "the-admins-own-token", "CI_TOKEN": "the-token-of-ci"}
HASHED_TOKEN = "a-token-the-router-does-not-know"


@pytest.fixture(scope="module")
def _fleet() -> Iterator[dict[str, Tier]]:
    with Tier() as fast, Tier() as heavy, Tier() as cloud:
        yield {"fast": fast, "heavy": heavy, "cloud": cloud}


@pytest.fixture(scope="module")
def routed(_fleet: dict[str, Tier]) -> Iterator[RouterProcess]:
    """Seeds as they are shipped; planning may bill."""
    tiers = [
        tier_config("fast", _fleet["fast"].url, tool_support=False, context_limit=16_000),
        tier_config("heavy", _fleet["heavy"].url, context_limit=64_000, vision=False),
        tier_config("cloud", _fleet["cloud"].url, privacy="cloud", context_limit=200_000, model="claude-sonnet-4-5"),
    ]
    presets = {
        "quick-edit": ["fast", "heavy"],
        "chat": ["fast", "heavy"],
        "planning": ["heavy", "cloud"],
        "review": ["heavy"],
    }
    router = {
        "metered_cloud": ["planning"],
        "aliases": {"claude-*-haiku-*": "quick-edit", "gpt-*": "model:heavy", "*": "review"},
        "health": {"interval": "off"},
    }
    with RouterProcess(tiers, presets, router=router, trusts_all=False) as process:
        yield process


def ask(
    router: RouterProcess,
    model: str,
    text: str = "hi",
    *,
    dialect: str = "chat",
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Answer:
    said = {"input": text} if dialect == "responses" else {"messages": [{"role": "user", "content": text}]}
    with router.client() as client:
        return client.ask("POST", PATHS[dialect], request_body(dialect, model, **(said | more)), headers=headers)


class TestIntent:
    @pytest.mark.parametrize(
        ("model", "tier", "intent", "source"),
        [
            ("quick-edit", "fast", "quick-edit", "preset"),
            ("planning", "cloud", "planning", "preset"),
            ("claude-3-haiku-20250101", "fast", "quick-edit", "alias"),
            ("GPT-5.5", "heavy", "heavy", "alias"),
            ("something", "heavy", "review", "alias"),
            ("heavy", "heavy", "heavy", "pin"),
        ],
    )
    def test_a_name_leads_to_its_tier_and_the_answer_says_how(
        self, routed: RouterProcess, fleet: dict[str, Tier], model: str, tier: str, intent: str, source: str
    ) -> None:
        answer = ask(routed, model)
        assert answer.status == 200, answer.body
        assert (answer.headers["x-anvil-tier"], answer.headers["x-anvil-intent"]) == (tier, intent)
        decision = routed.decision(answer.headers["x-anvil-decision"])
        assert (decision.intent, decision.intent_source, decision.tier) == (intent, source, tier)
        assert decision.model == model

    def test_a_header_says_what_is_meant_whatever_the_model_is_called(
        self, routed: RouterProcess, fleet: dict[str, Tier]
    ) -> None:
        answer = ask(routed, "quick-edit", headers={"x-anvil-intent": "planning"})
        assert answer.headers["x-anvil-tier"] == "cloud"
        # A kind of work does as well as a preset; a pin stays one.
        answer = ask(routed, "quick-edit", headers={"x-anvil-intent": "multi-file-refactor"})
        assert (answer.headers["x-anvil-tier"], answer.headers["x-anvil-work-class"]) == (
            "heavy",
            "multi-file-refactor",
        )
        answer = ask(routed, "heavy", headers={"x-anvil-intent": "chat"})
        assert (answer.headers["x-anvil-tier"], answer.headers["x-anvil-work-class"]) == ("heavy", "chat")

    @pytest.mark.parametrize("dialect", ["chat", "messages", "responses"])
    def test_a_body_says_it_too_and_no_tier_reads_it(
        self, routed: RouterProcess, fleet: dict[str, Tier], dialect: str
    ) -> None:
        for member in (
            {"anvil": {"intent": "planning"}},
            {"metadata": {"anvil": {"intent": "planning"}}},
            {"metadata": {"anvil": json.dumps({"intent": "planning"}), "user_id": "me"}},
        ):
            answer = ask(routed, "quick-edit", dialect=dialect, **member)
            assert answer.headers["x-anvil-tier"] == "cloud", answer.body
            sent = fleet["cloud"].requests[-1].json
            assert "anvil" not in sent
            assert "anvil" not in (sent.get("metadata") or {})

    def test_what_is_denied_is_answered_with_the_ways_out(self, routed: RouterProcess, fleet: dict[str, Tier]) -> None:
        answer = ask(routed, "heavy", headers={"x-anvil-intent": "planning"})
        assert answer.status == 503
        message = answer.json["error"]["message"]
        assert "denied for planning" in message
        assert "profile_path" in message
        assert "metered_cloud" in message
        assert "retry-after" not in answer.headers  # to try again changes nothing
        assert answer.headers["x-anvil-work-class"] == "planning"
        assert routed.decision(answer.headers["x-anvil-decision"]).result == "exhausted"


class TestDimensions:
    def test_a_prompt_that_may_not_leave_does_not(self, routed: RouterProcess, fleet: dict[str, Tier]) -> None:
        answer = ask(routed, "planning", headers={"x-anvil-privacy": "local"})
        assert answer.status == 503
        assert "may not leave" in answer.json["error"]["message"]
        assert fleet["cloud"].requests == []

    def test_a_fallback_may_not_leave_either(self, routed: RouterProcess, fleet: dict[str, Tier]) -> None:
        fleet["fast"].plays(OUT)
        fleet["heavy"].plays(OUT)
        answer = ask(routed, "chat", anvil={"privacy": "local"})
        assert answer.status == 503
        assert fleet["cloud"].requests == []

    def test_a_ceiling_below_the_price_is_held(self, routed: RouterProcess, fleet: dict[str, Tier]) -> None:
        answer = ask(routed, "planning", headers={"x-anvil-max-cost-usd": "0.0001"}, max_tokens=1000)
        assert answer.status == 503
        assert "above the request's $0.0001" in answer.json["error"]["message"]
        assert ask(routed, "planning", headers={"x-anvil-max-cost-usd": "1"}, max_tokens=1000).status == 200

    @pytest.mark.parametrize(
        ("headers", "members", "named"),
        [
            ({"x-anvil-privacy": "lokal"}, {}, "x-anvil-privacy"),
            ({"x-anvil-privcy": "local"}, {}, "x-anvil-privcy"),
            ({"x-anvil-max-cost-usd": "-1"}, {}, "x-anvil-max-cost-usd"),
            ({"x-anvil-max-cost-usd": "nan"}, {}, "x-anvil-max-cost-usd"),
            ({"x-anvil-max-latency-ms": "1e999"}, {}, "x-anvil-max-latency-ms"),
            ({"x-anvil-verify": "yes"}, {}, "x-anvil-verify"),
            ({"x-anvil-intent": "world domination"}, {}, "intent"),
            ({"x-anvil-session": ""}, {}, "x-anvil-session"),
            ({"x-anvil-session": "s" * 5_000}, {}, "x-anvil-session"),
            ({}, {"anvil": {"privcy": "local"}}, "privcy"),
            ({}, {"anvil": {"max_cost_usd": [1]}}, "max_cost_usd"),
            ({}, {"anvil": "local"}, "anvil"),
            ({}, {"anvil": {"intent": "x" * 10_000}}, "anvil"),
            ({}, {"metadata": {"anvil": "{not json"}}, "metadata.anvil"),
        ],
    )
    def test_one_that_cannot_be_held_to_is_refused_by_name(
        self,
        routed: RouterProcess,
        fleet: dict[str, Tier],
        headers: dict[str, str],
        members: dict[str, Any],
        named: str,
    ) -> None:
        answer = ask(routed, "chat", headers=headers, **members)
        assert answer.status == 400
        assert named in answer.json["error"]["message"]
        assert all(tier.requests == [] for tier in fleet.values())

    def test_a_budget_that_there_is_not_is_refused(self, routed: RouterProcess, fleet: dict[str, Tier]) -> None:
        answer = ask(routed, "chat", headers={"x-anvil-budget": "team"})
        assert answer.status == 400
        assert "there is no budget 'team' here: there is none" in answer.json["error"]["message"]
        assert all(tier.requests == [] for tier in fleet.values())

    def test_an_answer_that_is_to_be_checked_is(self, routed: RouterProcess, fleet: dict[str, Tier]) -> None:
        answer = ask(routed, "chat", headers={"x-anvil-verify": "strict"})
        assert answer.headers["x-anvil-verified"] == "passed"


class TestNeeds:
    def test_tools_pass_a_tier_by_that_knows_none(self, routed: RouterProcess, fleet: dict[str, Tier]) -> None:
        tool = {"type": "function", "function": {"name": "read", "parameters": {"type": "object"}}}
        assert ask(routed, "chat", tools=[tool]).headers["x-anvil-tier"] == "heavy"

    def test_a_long_prompt_goes_where_it_fits(self, routed: RouterProcess, fleet: dict[str, Tier]) -> None:
        answer = ask(routed, "chat", "word " * 24_000)
        assert answer.headers["x-anvil-tier"] == "heavy"
        assert fleet["fast"].requests == []

    @pytest.mark.parametrize(
        ("dialect", "words"),
        [
            ("messages", "prompt is too long: "),
            ("chat", "maximum context length is 64000 tokens"),
            ("responses", "exceeds the context window"),
        ],
    )
    def test_a_prompt_that_fits_nowhere_is_told_so_before_anybody_is_asked(
        self, routed: RouterProcess, fleet: dict[str, Tier], dialect: str, words: str
    ) -> None:
        # By far: scripted tiers count eleven tokens whatever they are sent, and that is believed up to a point.
        answer = ask(routed, "chat", "word " * 500_000, dialect=dialect)
        assert answer.status == 400
        assert words in answer.json["error"]["message"]
        assert all(tier.requests == [] for tier in fleet.values())


@pytest.fixture(scope="module")
def guarded(_fleet: dict[str, Tier]) -> Iterator[RouterProcess]:
    tiers = [tier_config("fast", _fleet["fast"].url), tier_config("heavy", _fleet["heavy"].url)]
    presets = {"quick-edit": ["fast"], "chat": ["fast", "heavy"], "review": ["heavy"]}
    server = {
        "auth_env": "ADMIN_TOKEN",
        "clients": [
            {"name": "ci", "auth_env": "CI_TOKEN", "presets": ["quick-edit"]},
            {"name": "guest", "auth_sha256": hashlib.sha256(HASHED_TOKEN.encode()).hexdigest()},
        ],
    }
    with RouterProcess(tiers, presets, server=server, environment=TOKENS) as process:
        yield process


class TestClients:
    def _ask(self, guarded: RouterProcess, token: str, model: str, **more: Any) -> Answer:
        return ask(guarded, model, headers={"authorization": f"Bearer {token}"}, **more)

    def test_every_token_is_let_in_and_recorded_under_its_name(
        self, guarded: RouterProcess, fleet: dict[str, Tier]
    ) -> None:
        for token, name in ((TOKENS["ADMIN_TOKEN"], None), (TOKENS["CI_TOKEN"], "ci"), (HASHED_TOKEN, "guest")):
            answer = self._ask(guarded, token, "quick-edit")
            assert answer.status == 200
            assert guarded.decision(answer.headers["x-anvil-decision"]).client == name

    @pytest.mark.parametrize("token", ["wrong", "", hashlib.sha256(HASHED_TOKEN.encode()).hexdigest()])
    def test_no_other_is(self, guarded: RouterProcess, fleet: dict[str, Tier], token: str) -> None:
        assert self._ask(guarded, token, "quick-edit").status == 401

    @pytest.mark.parametrize("dialect", ["chat", "messages", "responses"])
    @pytest.mark.parametrize("model", ["review", "chat", "heavy", "model:heavy", "claude-review"])
    def test_a_preset_without_the_right_is_refused_in_the_callers_dialect(
        self, guarded: RouterProcess, fleet: dict[str, Tier], model: str, dialect: str
    ) -> None:
        answer = self._ask(guarded, TOKENS["CI_TOKEN"], model, dialect=dialect)
        assert answer.status == 403
        kind = "permission_error" if dialect == "messages" else answer.json["error"]["type"]
        assert answer.json["error"]["type"] == kind
        assert fleet["heavy"].requests == []

    def test_no_way_leads_to_a_tier_without_the_right(self, guarded: RouterProcess, fleet: dict[str, Tier]) -> None:
        """Neither inference nor a header nor a fallback."""
        token = TOKENS["CI_TOKEN"]
        assert self._ask(guarded, token, "unknown", text="Please review this design for races.").status in (200, 503)
        answer = ask(guarded, "quick-edit", headers={"authorization": f"Bearer {token}", "x-anvil-intent": "review"})
        assert answer.status == 403
        fleet["fast"].plays(OUT)
        assert self._ask(guarded, token, "quick-edit").status == 503
        assert fleet["heavy"].requests == []

    def test_a_client_is_offered_what_it_may_name(self, guarded: RouterProcess, fleet: dict[str, Tier]) -> None:
        def offered(token: str) -> set[str]:
            with guarded.client() as client:
                page = client.ask("GET", "/v1/models", headers={"authorization": f"Bearer {token}"}).json
            return {model["id"] for model in page["data"]}

        assert offered(TOKENS["CI_TOKEN"]) == {"quick-edit", "claude-quick-edit", "fast"}
        assert {"review", "claude-review", "heavy"} <= offered(HASHED_TOKEN)

    def test_a_client_cannot_go_on_from_anothers_response(self, guarded: RouterProcess, fleet: dict[str, Tier]) -> None:
        theirs = self._ask(guarded, HASHED_TOKEN, "quick-edit", dialect="responses", store=True).json["id"]
        mine = {"dialect": "responses", "previous_response_id": theirs}
        assert self._ask(guarded, HASHED_TOKEN, "quick-edit", **mine).status == 200
        refused = self._ask(guarded, TOKENS["CI_TOKEN"], "quick-edit", **mine)
        assert refused.status == 400
        assert refused.json["error"]["code"] == "previous_response_not_found"

    def test_a_client_sees_its_own_decisions_alone(self, guarded: RouterProcess, fleet: dict[str, Tier]) -> None:
        theirs = self._ask(guarded, TOKENS["ADMIN_TOKEN"], "chat").headers["x-anvil-decision"]
        mine = self._ask(guarded, TOKENS["CI_TOKEN"], "quick-edit").headers["x-anvil-decision"]
        guarded.decision(mine)
        with guarded.client() as client:
            bearer = {"authorization": f"Bearer {TOKENS['CI_TOKEN']}"}
            assert client.ask("GET", f"/v1/decisions/{mine}", headers=bearer).status == 200
            assert client.ask("GET", f"/v1/decisions/{theirs}", headers=bearer).status == 404
            page = client.ask("GET", "/v1/decisions?client=guest", headers=bearer).json
            assert {each["client"] for each in page["decisions"]} == {"ci"}
            assert client.ask("GET", "/v1/decisions").status == 401


@pytest.fixture(scope="module")
def stuck(_fleet: dict[str, Tier]) -> Iterator[RouterProcess]:
    tiers = [tier_config("fast", _fleet["fast"].url), tier_config("heavy", _fleet["heavy"].url)]
    presets = {"chat": ["fast", "heavy"], "quick-edit": ["fast", "heavy"]}
    with RouterProcess(tiers, presets, router={"health": {"interval": "off"}}) as process:
        yield process


class TestConversations:
    LOOP = (
        {"role": "user", "content": "Fix the parser"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "read", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "fn parse() {}"},
    )

    def test_a_tool_loop_stays_with_the_tier_that_began_it(self, stuck: RouterProcess, fleet: dict[str, Tier]) -> None:
        session = {"x-anvil-session": "loop"}
        fleet["fast"].plays_next(OUT)
        began = ask(stuck, "chat", headers=session, messages=[self.LOOP[0]])
        assert began.headers["x-anvil-tier"] == "heavy"
        for _ in range(3):
            went_on = ask(stuck, "chat", headers=session, messages=list(self.LOOP))
            assert went_on.headers["x-anvil-tier"] == "heavy"
        decision = stuck.decision(went_on.headers["x-anvil-decision"])
        assert decision.candidates[0].reason == "keeps the conversation: a tool loop is open"
        assert decision.session == "loop"

    def test_another_conversation_of_the_session_does_not(self, stuck: RouterProcess, fleet: dict[str, Tier]) -> None:
        """Claude Code's titles and sub-agents share its session's name."""
        session = {"x-anvil-session": "shared"}
        fleet["fast"].plays_next(OUT)
        assert ask(stuck, "chat", headers=session, messages=[self.LOOP[0]]).headers["x-anvil-tier"] == "heavy"
        other = [{"role": "user", "content": "Something else"}, *self.LOOP[1:]]
        answer = ask(stuck, "chat", headers=session, messages=other)
        assert answer.headers["x-anvil-tier"] == "fast"

    def test_the_class_is_held_through_the_loop(self, stuck: RouterProcess, fleet: dict[str, Tier]) -> None:
        session = {"x-anvil-session": "class"}
        began = ask(stuck, "whatever", headers=session, messages=[self.LOOP[0]])
        work_class = began.headers["x-anvil-work-class"]
        result = {**self.LOOP[2], "content": "Plan the architecture of the whole system and review it. " * 100}
        went_on = ask(stuck, "whatever", headers=session, messages=[*self.LOOP[:2], result])
        assert went_on.headers["x-anvil-work-class"] == work_class
        assert stuck.decision(went_on.headers["x-anvil-decision"]).class_source == "held"

    def test_a_session_of_a_megabyte_is_refused_and_serving_goes_on(
        self, stuck: RouterProcess, fleet: dict[str, Tier]
    ) -> None:
        with stuck.client() as client:
            head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-session-id: " + b"s" * (1 << 20)
            client.send(head + b"\r\ncontent-length: 2\r\n\r\n{}")
            answer = client.read_answer()
        assert 400 <= answer.status < 500
        assert stuck.is_healthy()
        long = ask(stuck, "chat", headers={"x-session-id": "s" * 100_000})
        assert long.status == 200
        session = stuck.decision(long.headers["x-anvil-decision"]).session
        assert session == "sha256:" + hashlib.sha256(b"s" * 100_000).hexdigest()


class TestDirectMode:
    def test_nothing_but_the_name_decides(self, fleet: dict[str, Tier]) -> None:
        tiers = [
            tier_config("fast", fleet["fast"].url, tool_support=False, context_limit=100),
            tier_config("cloud", fleet["cloud"].url, privacy="cloud"),
        ]
        presets = {"planning": ["fast", "cloud"]}
        with RouterProcess(tiers, presets, router={"mode": "direct"}, trusts_all=False) as process:
            answer = ask(process, "planning", "word " * 2_000)
            assert (answer.status, answer.headers["x-anvil-tier"]) == (200, "fast")
            decision = process.decision(answer.headers["x-anvil-decision"])
            assert (decision.mode, decision.class_source, decision.features) == ("direct", "preset", ())
            fleet["fast"].plays(OUT)
            assert ask(process, "planning").status == 503
            assert fleet["cloud"].requests == []


def test_a_tier_that_stopped_is_asked_last_once_that_is_known(fleet: dict[str, Tier]) -> None:
    gone = f"http://127.0.0.1:{free_port()}/v1"
    tiers = [tier_config("gone", gone), tier_config("heavy", fleet["heavy"].url)]
    with RouterProcess(tiers, {"chat": ["gone", "heavy"]}, router={"health": {"interval": "off"}}) as process:
        assert ask(process, "chat").headers["x-anvil-attempts"] == "2"
        with process.client() as client:
            assert client.ask("GET", "/readyz").status == 200  # asks the tiers, as the interval would
        answer = ask(process, "chat")
        assert answer.headers["x-anvil-attempts"] == "1"
        candidates = process.decision(answer.headers["x-anvil-decision"]).candidates
        assert candidates[1].reason == "last resort: it could not be reached when it was last checked"
