"""What the harnesses themselves write down, read by us and by ccusage (docs/adr/0020-reading-logs.md)."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import tomli_w
from tests.clients.scribe import DELEGATE, Scribe
from tests.clients.workshop import INSTALLED, TASK, Workshop
from tests.fakes import answers
from tests.fakes.tier import Tier
from tests.fakes.turn import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS

from anvil_serving.decisions.prices import PriceList
from anvil_serving.substrate.usage.logs import find_logs
from anvil_serving.substrate.usage.reader import read_logs
from anvil_serving.substrate.usage.sums import add_up
from anvil_serving.substrate.usage.usage import Selection, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.clients.forge import Forge

_BIN = INSTALLED / "node_modules" / ".bin"


@pytest.fixture(autouse=True)
def _zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def tier() -> Iterator[Tier]:
    with Tier() as tier:
        yield tier


def ours(home: Path) -> Usage:
    logs = find_logs({"HOME": str(home)})
    return add_up(read_logs(logs), logs.folders, Selection(), PriceList.load({}))


def of_ccusage(workshop: Workshop) -> dict[str, dict[str, int]]:
    """The sums of each day and model."""
    found: dict[str, dict[str, int]] = {}
    arguments = ["daily", "--json", "--offline", "--by-agent", "--timezone", "UTC"]
    document = workshop.run([_BIN / "ccusage", *arguments]).document
    for day in document["daily"]:
        for model in day["modelBreakdowns"]:
            sums = found.setdefault(model["modelName"], {})
            for name in ("inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens"):
                sums[name] = sums.get(name, 0) + model[name]
    return found


def in_its_words(usage: Usage) -> dict[str, dict[str, int]]:
    return {
        model.name: {
            "inputTokens": model.fresh_input_tokens,
            "outputTokens": model.output_tokens,
            "cacheCreationTokens": model.cache_creation_tokens,
            "cacheReadTokens": model.cache_read_tokens,
        }
        for model in usage.models
    }


def claude(workshop: Workshop, url: str, *arguments: str) -> dict[str, Any]:
    environment = {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_AUTH_TOKEN": "any",
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": "claude-haiku-4-5",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
    }
    usual = ["--output-format", "json", "--allowedTools", "Write,Bash,Agent"]
    return workshop.run([_BIN / "claude", *arguments, *usual], environment).document


def address(tier: Tier) -> str:
    return f"http://127.0.0.1:{tier.port}"


def test_claude_code_and_ccusage_agree(workshop: Workshop, tier: Tier) -> None:
    tier.plays(Scribe(workshop.folder))
    opus = ("--model", "claude-opus-4-8")
    session = claude(workshop, address(tier), "-p", DELEGATE, *opus, "--permission-mode", "acceptEdits")["session_id"]
    claude(workshop, address(tier), "-p", "Go on.", *opus, "--resume", session)
    claude(workshop, address(tier), "-p", "Go another way.", *opus, "--resume", session, "--fork-session")
    usage = ours(workshop.home)
    assert in_its_words(usage) == of_ccusage(workshop)
    # The files' answer, the sub-agents' start, their four, the end, and the two further turns.
    assert usage.totals.assistant_calls == 9
    assert usage.tools == {"Agent": 2, "Bash": 2, "Write": 2}
    assert usage.agent_types == {"Explore": 1, "general-purpose": 1}
    assert usage.roles.by_role["subagent"].n == 4
    assert (usage.sessions.count, usage.read.troubles) == (2, ())


def test_behind_this_router_an_answer_counts_once(forge: Forge, workshop: Workshop) -> None:
    claude(workshop, forge.url, "-p", TASK, "--model", "planning", "--permission-mode", "acceptEdits")
    usage = ours(workshop.home)
    totals = usage.totals
    assert in_its_words(usage) == of_ccusage(workshop)  # it knows an answer's blocks by the id of the request
    assert (totals.assistant_calls, totals.output_tokens) == (2, 2 * OUTPUT_TOKENS)
    assert (totals.fresh_input_tokens, totals.cache_read_tokens) == (
        2 * (INPUT_TOKENS - CACHED_TOKENS),
        2 * CACHED_TOKENS,
    )


def codex(workshop: Workshop, tier: Tier, *arguments: str) -> str:
    provider = {"name": "t", "base_url": tier.url, "wire_api": "responses", "env_key": "ANVIL_KEY"}
    configuration = workshop.home / ".codex" / "config.toml"
    configuration.parent.mkdir(exist_ok=True)
    configuration.write_text(tomli_w.dumps({"model_provider": "t", "model_providers": {"t": provider}}))
    usual = ["--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
    said = workshop.run([_BIN / "codex", "exec", *arguments, *usual], {"ANVIL_KEY": "any"}).documents
    [thread] = [event["thread_id"] for event in said if event["type"] == "thread.started"]
    return str(thread)


def test_codex_and_ccusage_agree(workshop: Workshop, tier: Tier) -> None:
    scribe = Scribe(workshop.folder)
    tier.plays(scribe)
    thread = codex(workshop, tier, "-m", "gpt-5.5", "Begin.")
    codex(workshop, tier, "resume", thread, "-m", "gpt-5.5", "Go on.")
    codex(workshop, tier, "-m", "gpt-5.3-codex", "Begin.")
    usage = ours(workshop.home)
    assert in_its_words(usage) == of_ccusage(workshop)
    assert usage.totals.output_tokens == sum(one["output_tokens"] for one in scribe.usages)
    assert usage.totals.assistant_calls == len(scribe.usages) == 6


def test_a_forked_session_of_codex_counts_what_it_has_asked_for_itself(workshop: Workshop, tier: Tier) -> None:
    scribe = Scribe(workshop.folder)
    tier.plays(scribe)
    thread = codex(workshop, tier, "-m", "gpt-5.5", "Begin.")
    codex(workshop, tier, "fork", thread, "-m", "gpt-5.5", "Go another way.")
    totals = ours(workshop.home).totals
    assert totals.output_tokens == sum(one["output_tokens"] for one in scribe.usages)
    assert totals.fresh_input_tokens + totals.cache_read_tokens == sum(one["input_tokens"] for one in scribe.usages)
    # Not held against ccusage: it takes answers that follow the fork within a second for copies of the parent's, which
    # this version of Codex does not make.


def test_what_fails_is_no_answer(workshop: Workshop, tier: Tier) -> None:
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}
    tier.plays([answers.whole(error, 400)])
    with pytest.raises(AssertionError, match="ended with 1"):
        claude(workshop, address(tier), "-p", "Fail.")
    usage = ours(workshop.home)
    assert (usage.totals.assistant_calls, usage.read.client_lines) == (0, 1)


# ── what older versions have written ─────────────────────────────────────────────────────────────────────────────────


def _write(path: Path, *lines: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # As the clients write it, without spaces: ccusage finds nothing in other lines.
    path.write_text("".join(f"{json.dumps(line, separators=(',', ':'))}\n" for line in lines))


def _answer(message: str, request: str | None, output: int, **more: Any) -> dict[str, Any]:
    usage = {"input_tokens": 7, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 300}
    line = {
        "type": "assistant",
        "timestamp": "2026-11-20T23:59:59.900Z",
        "sessionId": "s",
        "message": {
            "id": message,
            "model": "claude-opus-4-8",
            "content": [],
            "usage": usage | {"output_tokens": output},
        },
    }
    return line | ({} if request is None else {"requestId": request}) | more


def test_what_older_versions_of_claude_code_wrote(workshop: Workshop) -> None:
    projects = workshop.home / ".claude" / "projects" / "p"
    inner = _answer("msg_progress", "r7", 50, isSidechain=True)
    _write(
        projects / "s.jsonl",
        # Usage as the stream began, and as it ended, on the next day.
        _answer("msg_grows", "r1", 1),
        _answer("msg_grows", "r1", 40, timestamp="2026-11-21T00:00:01Z"),
        _answer("msg_aside", "r3", 6),
        {"type": "progress", "sessionId": "s", "timestamp": "2026-11-21T00:00:02Z", "data": {"message": inner}},
        _answer("msg_fails", "r5", 0) | {"message": {"model": "<synthetic>", "usage": {"output_tokens": 0}}},
    )
    _write(
        projects / "t.jsonl",
        _answer("msg_grows", "r1", 40, sessionId="t"),
        _answer("msg_other", "r2", 9, sessionId="t"),
    )
    _write(projects / "s" / "subagents" / "agent-1.jsonl", _answer("msg_aside", "r9", 6, isSidechain=True), inner)
    assert in_its_words(ours(workshop.home)) == of_ccusage(workshop)


def test_an_answer_of_a_tier_that_names_no_request_counts_once(workshop: Workshop) -> None:
    block = _answer("msg_local", None, 5)
    path = workshop.home / ".claude" / "projects" / "p" / "s.jsonl"
    _write(path, block, block | {"timestamp": "2026-11-21T00:00:02Z"})
    assert ours(workshop.home).totals.output_tokens == 5
    # ccusage counts each of its blocks.
    assert of_ccusage(workshop)["claude-opus-4-8"]["outputTokens"] == 10


def _event(at: str, kind: str, **payload: Any) -> dict[str, Any]:
    return {"timestamp": f"2026-11-20T{at}.000Z", "type": kind, "payload": payload}


def _count(at: str, sums: tuple[int, int], last: tuple[int, int] | None) -> dict[str, Any]:
    def usage(of: tuple[int, int]) -> dict[str, int]:
        sized = {"input_tokens": of[0], "cached_input_tokens": of[0] // 2, "output_tokens": of[1]}
        return sized | {"reasoning_output_tokens": 0, "total_tokens": sum(of)}

    info = {"total_token_usage": usage(sums), "last_token_usage": None if last is None else usage(last)}
    return _event(at, "event_msg", type="token_count", info=info)


def test_what_older_versions_of_codex_wrote(workshop: Workshop) -> None:
    sessions = workshop.home / ".codex" / "sessions" / "2026" / "11" / "20"
    context = _event("08:00:00", "turn_context", model="gpt-5.5")
    history = [_count("08:00:10", (100, 5), (100, 5)), _count("08:00:40", (300, 9), (200, 4))]
    _write(
        sessions / "rollout-2026-11-20T08-00-00-a.jsonl",
        _event("08:00:00", "session_meta", id="a"),
        context,
        _event("08:00:05", "event_msg", type="token_count", info=None),
        *history,
        _count("08:00:41", (300, 9), (200, 4)),
        _count("09:00:00", (700, 20), None),
    )
    _write(
        sessions / "rollout-2026-11-20T08-30-00-b.jsonl",
        _event("08:30:00", "session_meta", id="b", forked_from_id="a"),
        context,
        *(line | {"timestamp": "2026-11-20T08:30:00.010Z"} for line in history),
        _count("08:31:00", (320, 16), (20, 7)),
    )
    assert in_its_words(ours(workshop.home)) == of_ccusage(workshop)
