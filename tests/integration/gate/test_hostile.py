"""What a hostile tier or caller can do to everybody else: nothing that they would notice."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes import answers
from tests.fakes.said import Said, SaidCall
from tests.fakes.tier import Tier
from tests.integration.gate.rig import CONFIGURED
from tests.integration.process import wait_until
from tests.integration.router import PATHS, RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.fakes.client import Answer
    from tests.fakes.steps import Step
    from tests.fakes.tier import Received

WINDOWS = ("block", "whole")
PATIENCE = 3.0
"""Seconds that another exchange may take on a busy machine. What is held against it took more than ten."""
CHUNK = 60_000


@pytest.fixture(scope="module")
def _tiers() -> Iterator[tuple[Tier, Tier]]:
    with Tier() as hostile, Tier() as good:
        yield hostile, good


@pytest.fixture(scope="module")
def _routers(_tiers: tuple[Tier, Tier]) -> Iterator[dict[str, RouterProcess]]:
    """A router for each window: `bad-chat` and so on is the hostile tier in that dialect, `fine` the other."""
    hostile, good = _tiers
    patient = {"connect": 2.0, "first_byte": 20.0, "idle": 20.0, "total": 40.0}
    kinds = {f"hostile-{dialect}": [name] for dialect, name in CONFIGURED.items()}
    more = {"context_limit": 100_000_000, "timeouts": patient}
    tiers = [tier_config(kind, hostile.url, dialects=dialects, **more) for kind, dialects in kinds.items()]
    tiers.append(tier_config("good", good.url, **more))
    presets = {f"bad-{dialect}": [f"hostile-{dialect}"] for dialect in CONFIGURED} | {"fine": ["good"]}
    calm = {"fallback": {"breaker_failures": "off", "retry_share": 1.0}}

    def router(window: str) -> RouterProcess:
        held = {"allow": window, "allow_with_verify": window}
        return RouterProcess(tiers, presets, router={"window": held, **calm})

    with router("block") as block, router("whole") as whole:
        yield {"block": block, "whole": whole}


@pytest.fixture(params=WINDOWS)
def router(request: pytest.FixtureRequest, _routers: dict[str, RouterProcess]) -> RouterProcess:
    return _routers[request.param]


@pytest.fixture
def whole(_routers: dict[str, RouterProcess]) -> RouterProcess:
    return _routers["whole"]


@pytest.fixture
def hostile(_tiers: tuple[Tier, Tier]) -> Iterator[Tier]:
    yield _tiers[0]
    _tiers[0].reset()


def _ask(router: RouterProcess, body: dict[str, Any] | bytes, dialect: str = "chat") -> Answer:
    with router.client(timeout=45.0) as client:
        return client.ask("POST", PATHS[dialect], body)


def _request(model: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "stream": True, "messages": [{"role": "user", "content": "say something"}], **more}


def _tool(name: str, schema: Any = None) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": schema or {"type": "object"}}}


def _delta(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


def _call(name: str, arguments: str) -> list[bytes]:
    call = {"index": 0, "id": "c", "type": "function", "function": {"name": name, "arguments": arguments}}
    return [_delta({"tool_calls": [call]}), _delta({}, "tool_calls"), b"data: [DONE]\n\n"]


def _text(text: str) -> list[bytes]:
    return [_delta({"content": text}), _delta({}, "stop"), b"data: [DONE]\n\n"]


def _streamed(events: Iterable[bytes]) -> Callable[[Received], Iterable[Step]]:
    """A script of a stream, in chunks as large as a socket's."""

    def script(_: Received) -> Iterable[Step]:
        yield answers.stream_head()
        waiting = b""
        for event in events:
            waiting += event
            if len(waiting) > CHUNK:
                yield answers.chunk(waiting)
                waiting = b""
        yield answers.chunk(waiting)
        yield answers.chunk(b"")

    return script


@contextmanager
def _others(router: RouterProcess) -> Iterator[list[float]]:
    """How long others wait for their answers in the meantime, in seconds each."""
    waited: list[float] = []
    is_over = threading.Event()

    def keep_asking() -> None:
        while not is_over.is_set():
            began = time.monotonic()
            answer = _ask(router, _request("fine"))
            assert answer.status == 200
            assert answer.is_clean
            waited.append(time.monotonic() - began)
            time.sleep(0.02)

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        time.sleep(0.1)
        yield waited
    finally:
        is_over.set()
        asking.join()


def _resident(router: RouterProcess) -> int:
    """Bytes of memory that its processes hold."""
    pids = [router.pid, *router.worker_pids]
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 for pid in pids)


def _patch(call: int) -> str:
    files = "".join(f"*** Delete File: {call}_{file}\n" for file in range(64))
    return json.dumps({"input": f"*** Begin Patch\n{files}*** End Patch"})


def _patching(calls: Iterable[int]) -> dict[str, Any]:
    made = [
        {"id": f"c{call}", "type": "function", "function": {"name": "apply_patch", "arguments": _patch(call)}}
        for call in calls
    ]
    return {"role": "assistant", "content": None, "tool_calls": made}


def test_nobody_waits_for_a_history_that_is_made_to_be_read_slowly(router: RouterProcess, hostile: Tier) -> None:
    history = [_patching(range(250))]
    for call in range(1_000, 3_000):
        history += [_patching([call]), {"role": "tool", "tool_call_id": f"c{call}", "content": "Success"}]
    request = _request("bad-chat", tools=[_tool("Edit")])
    request["messages"] += history
    arguments = json.dumps({"file_path": "/p/a.py", "old_string": "x = 1", "new_string": "x = 2"})
    hostile.plays(_streamed(_call("Edit", arguments)))
    with _others(router) as waited:
        answer = _ask(router, request)
    assert answer.status == 200
    assert max(waited) < PATIENCE


def test_nobody_waits_for_a_block_that_is_made_to_be_parsed_slowly(router: RouterProcess, hostile: Tier) -> None:
    pieces = random.Random(7)
    code = "".join(f"a<b,{pieces.randrange(4096)}" for _ in range(28_000))
    hostile.plays(_streamed(_text(f"Here it is.\n\n```rust\n{code}\n```\n\nThat is all.\n")))
    with _others(router) as waited:
        assert _ask(router, _request("bad-chat")).status in {200, 503}
    assert max(waited) < PATIENCE


def test_nobody_waits_for_schemas_that_are_made_to_be_slow(router: RouterProcess, hostile: Tier) -> None:
    links = {f"d{at}": {"anyOf": [{"$ref": f"#/$defs/d{at + 1}"}] * 2} for at in range(16)}
    patterns: dict[str, Any] = {f"^(a|b){{1,{100 + at % 500}}}\\w{{100}}{at}$": {} for at in range(2_500)}
    schemas: list[dict[str, Any]] = [
        {"$ref": "#/$defs/d0", "$defs": {**links, "d16": {"type": "string"}}},
        {"patternProperties": patterns},
        {"$ref": "#"},
        {
            "allOf": [{"$ref": "#/$defs/a"}],
            "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"$ref": "#/$defs/a"}},
        },
        {"properties": {"a": {"pattern": "[ab]*a[ab]{200}c"}}},
    ]
    arguments = json.dumps({"a": "ab" * 1_500_000})
    with _others(router) as waited:
        for schema in schemas:
            hostile.plays(_streamed(_call("f", arguments if "properties" in schema else "{}")))
            assert _ask(router, _request("bad-chat", tools=[_tool("f", schema)])).status in {200, 503}
    assert max(waited) < PATIENCE


def test_a_reference_in_a_schema_leads_nowhere(router: RouterProcess, hostile: Tier, tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text('{"required": ["never"]}')
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/schema.json"
        for reference in (url, file.as_uri(), "//127.0.0.1/schema.json"):
            hostile.plays(_streamed(_call("f", "{}")))
            answer = _ask(router, _request("bad-chat", tools=[_tool("f", {"$ref": reference})]))
            assert answer.status == 200, "nothing is known of it, and nothing proven"
        with pytest.raises(TimeoutError):
            listener.accept()


def test_events_that_say_next_to_nothing_do_not_fill_the_memory(whole: RouterProcess, hostile: Tier) -> None:
    letters = random.Random(3).choices("abcdefghijklmnopqrstuvwxyz \n", k=600_000)
    said = {letter: _delta({"content": letter}) for letter in set(letters)}
    hostile.plays(_streamed(said[letter] for letter in letters))
    body = {**_request("bad-chat"), "max_tokens": 9}
    most, is_over = [_resident(whole)], threading.Event()

    def watch() -> None:
        while not is_over.is_set():
            most.append(_resident(whole))
            time.sleep(0.02)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        answer = _ask(whole, body, "messages")
    finally:
        is_over.set()
        watching.join()
    assert answer.status in {503, 529}
    assert b"too_large" in answer.body
    assert max(most) - most[0] < 200 << 20


def test_a_caller_who_leaves_a_held_answer_takes_its_tier_along(whole: RouterProcess, hostile: Tier) -> None:

    def script(_: Received) -> Iterable[Step]:
        yield answers.stream_head()
        for number in range(100_000):
            yield answers.chunk(_delta({"content": f"{number} and {number * number}, "}))

    hostile.plays(script)
    with whole.client() as client:
        client.request("POST", PATHS["chat"], json.dumps(_request("bad-chat")).encode())
        received = hostile.wait_for_requests(1)
        wait_until(lambda: received.connection.sent > 1 << 20, seconds=10)
    assert received.connection.gone.wait(PATIENCE)


@pytest.mark.parametrize("dialect", ["messages", "chat", "responses"])
def test_whatever_a_tier_sends_the_router_lives_and_no_half_answer_ends_cleanly(
    router: RouterProcess, hostile: Tier, dialect: str
) -> None:
    chance = random.Random(f"{dialect} 1")
    said = Said("Some text.\n```py\nx = 1\n```\n", calls=(SaidCall("f", '{"a": "b"}'),))
    oddities = [
        b"\x00",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\\ud800",
        b"\xe2\x80\xa8",
        b"\r",
        b"{" * 3_000,
        b"1e999",
        b"-0",
        b'"',
    ]
    before = router.pid, router.worker_pids
    tools = {
        "chat": [_tool("f")],
        "messages": [{"name": "f", "input_schema": {"type": "object"}}],
        "responses": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
    }[dialect]
    asked = {"input": "hi"} if dialect == "responses" else {"messages": [{"role": "user", "content": "hi"}]}
    for _ in range(60):
        spoken = chance.choice(list(CONFIGURED))
        events = [bytes(event) for event in said.events(spoken, with_usage=True)]
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(events))
            match chance.randrange(5):
                case 0:
                    events.insert(at, events[chance.randrange(len(events))])
                case 1:
                    del events[at]
                case 2:
                    cut = chance.randrange(len(events[at]) + 1)
                    events[at] = events[at][:cut] + chance.choice(oddities) + events[at][cut:]
                case 3:
                    events[at] = events[at].replace(b'"index":0', b'"index":18446744073709551615')
                case _:
                    events[at] = events[at][: chance.randrange(len(events[at]) + 1)]
            events = events or [b""]
        hostile.plays(_streamed(events))
        body = {"model": f"bad-{spoken}", "stream": True, "max_tokens": 99, "tools": tools, **asked}
        if dialect == "responses":
            del body["max_tokens"]
        answer = _ask(router, body, dialect)
        if answer.status == 200 and answers.TERMINAL[dialect] not in answer.body:
            assert not answer.is_clean, answer.body[-300:]
    assert (router.pid, router.worker_pids) == before
    assert router.is_healthy()
    assert "panicked" not in router.log


@pytest.mark.parametrize("count", [2**64 - 1, 2**63, -1, 1e300, 0.5, "many", None])
def test_a_tier_that_lies_about_its_tokens_spoils_no_decision(
    router: RouterProcess, hostile: Tier, count: float | str | None
) -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": count, "completion_tokens": count, "total_tokens": count}}
    events = [_delta({"content": "Some text."}), _delta({}, "stop")]
    end = [b"data: " + json.dumps(usage).encode() + b"\n\n", b"data: [DONE]\n\n"]
    hostile.plays(_streamed([*events, *end]))
    answer = _ask(router, _request("bad-chat"))
    assert answer.status in {200, 503}
    assert router.decision(answer.headers["x-anvil-decision"]).attempts
