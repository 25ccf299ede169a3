"""The embedded engine, for real: its own model, its own process, and the router of `quickstart` before it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("xllamacpp")

import openai
from tests.fakes.client import Client
from tests.integration.router import RouterProcess, tier_config

from anvil_serving.substrate.embedded.engine import EmbeddedEngine
from anvil_serving.substrate.embedded.supervisor import RestartPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai.types.chat import ChatCompletionMessageParam

# A machine that builds something else at the same time takes ten times as long.
pytestmark = pytest.mark.timeout(600)

TEMPLATE_TOKENS = re.compile(r"<[a-z_|]+>|User:|Assistant:")
HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Say hello in one short sentence."}]


@pytest.fixture(scope="module")
def engine() -> Iterator[EmbeddedEngine]:
    with EmbeddedEngine.start() as running:
        yield running
    assert not is_running(running.pid)


@pytest.fixture(scope="module")
def client(engine: EmbeddedEngine) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{engine.base_url}/v1", api_key="any", max_retries=0, timeout=300) as sdk:
        yield sdk


def is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_is_ready_and_lists_its_model(engine: EmbeddedEngine, client: openai.OpenAI) -> None:
    assert engine.is_healthy()
    assert [model.id for model in client.models.list()] == [engine.model]


def test_a_whole_answer_stops_by_itself(engine: EmbeddedEngine, client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model=engine.model, messages=HELLO, max_tokens=200)
    (choice,) = answer.choices
    assert choice.finish_reason == "stop"
    assert choice.message.content
    assert choice.message.content == choice.message.content.strip()
    assert not TEMPLATE_TOKENS.search(choice.message.content)


def test_a_streamed_answer_stops_by_itself(engine: EmbeddedEngine, client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(model=engine.model, messages=HELLO, max_tokens=200, stream=True))
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    text = "".join(choice.delta.content or "" for choice in choices)
    assert choices[-1].finish_reason == "stop"
    assert text
    assert not TEMPLATE_TOKENS.search(text)


CONVERSATIONS: dict[str, list[ChatCompletionMessageParam]] = {
    "system first": [{"role": "system", "content": "Be terse."}, *HELLO],
    "system in the middle": [*HELLO, {"role": "system", "content": "Be terse."}],
    "same role twice": [*HELLO, *HELLO],
    "begins with the assistant": [{"role": "assistant", "content": "Hi."}, *HELLO],
    "parts": [{"role": "user", "content": [{"type": "text", "text": "Say"}, {"type": "text", "text": "hello."}]}],
    "tool call and result": [
        *HELLO,
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "read", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "the file says hello"},
    ],
}


@pytest.mark.parametrize("messages", CONVERSATIONS.values(), ids=CONVERSATIONS)
@pytest.mark.parametrize("with_tools", [False, True])
def test_every_shape_of_conversation_is_answered(
    engine: EmbeddedEngine, client: openai.OpenAI, messages: list[ChatCompletionMessageParam], with_tools: bool
) -> None:
    tools = openai.omit
    if with_tools:
        tools = [{"type": "function", "function": {"name": "read", "parameters": {"type": "object"}}}]
    answer = client.chat.completions.create(model=engine.model, messages=messages, max_tokens=40, tools=tools)
    assert answer.choices[0].message.content
    assert not answer.choices[0].message.tool_calls


@pytest.mark.parametrize("dialects", [("openai",), ("openai", "anthropic")])
def test_its_own_tokenizer_counts_as_its_answers_do(engine: EmbeddedEngine, dialects: tuple[str, ...]) -> None:
    tier = tier_config(
        "a", f"{engine.base_url}/v1", model=engine.model, dialects=list(dialects), timeouts={"total": 300.0}
    )
    body = {"model": "chat", "system": "Be terse.", "messages": HELLO}
    with RouterProcess([tier], {"chat": ["a"]}) as router, router.client(timeout=300) as client:
        counted = client.ask("POST", "/v1/messages/count_tokens", body)
        answered = client.ask("POST", "/v1/messages", {**body, "max_tokens": 5})
    usage = answered.json["usage"]
    # The vendor leaves out of `input_tokens` what the cache gave; so does the engine.
    assert counted.json == {"input_tokens": usage["input_tokens"] + (usage.get("cache_read_input_tokens") or 0)}


def test_a_crashed_engine_comes_back_at_the_same_address() -> None:
    events: list[str] = []
    with EmbeddedEngine.start() as engine:
        address, pid = engine.base_url, engine.pid
        engine.supervise(
            on_event=events.append, on_failure=lambda _failure: None, policy=RestartPolicy(first_delay=0.05)
        )
        os.kill(pid, signal.SIGSEGV)
        deadline = time.monotonic() + 120
        while "it serves again" not in events and time.monotonic() < deadline:
            time.sleep(0.05)
        assert engine.pid != pid
        assert engine.base_url == address
        assert engine.is_healthy()
    assert "was killed by SIGSEGV" in events[0]


class Quickstart:
    """`anvil-serving quickstart --port 0` in a process group of its own, once it serves."""

    def __init__(self, folder: Path) -> None:
        self._talk = (folder / "stderr").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "anvil_serving", "quickstart", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=self._talk,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        found = re.search(r"http://127\.0\.0\.1:(\d+)$", line.strip())
        assert found, (line, (folder / "stderr").read_text())
        self.port = int(found[1])

    @property
    def descendants(self) -> list[int]:
        """Every process that has come from this one."""
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                waiting += [int(child) for child in children.read_text().split()]
            found.append(pid)
        return found[1:]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._talk.close()


@pytest.fixture
def quickstart(tmp_path: Path) -> Iterator[Quickstart]:
    running = Quickstart(tmp_path)
    yield running
    running.close()


def engine_pid(quickstart: Quickstart) -> int:
    (pid,) = [pid for pid in quickstart.descendants if b"embedded.server" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return pid


@pytest.mark.parametrize("ending", ["ctrl-c", "sigterm"])
def test_quickstart_answers_in_both_dialects_and_leaves_nothing(quickstart: Quickstart, ending: str) -> None:
    body = {"model": "planning", "max_tokens": 100, "messages": HELLO}
    for path in ("/v1/chat/completions", "/v1/messages"):
        with Client(quickstart.port, timeout=300) as caller:
            answer = caller.ask("POST", path, body)
        assert answer.status == 200, answer.body
        assert b"ello" in answer.body
    processes = quickstart.descendants
    assert len(processes) >= 2
    if ending == "ctrl-c":
        os.killpg(quickstart.process.pid, signal.SIGINT)
    else:
        quickstart.process.terminate()
    assert quickstart.process.wait(30) == 0
    assert not [pid for pid in processes if is_running(pid)]


def test_quickstart_that_is_killed_takes_the_engine_with_it(quickstart: Quickstart) -> None:
    pid = engine_pid(quickstart)
    workers = [other for other in quickstart.descendants if other != pid]
    quickstart.process.kill()
    deadline = time.monotonic() + 3
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    for worker in workers:  # the server's own; not what this test is about
        if is_running(worker):
            os.kill(worker, signal.SIGKILL)
    assert not is_running(pid)


def test_quickstart_ends_with_1_when_the_engine_cannot_be_kept_alive(quickstart: Quickstart, tmp_path: Path) -> None:
    deadline = time.monotonic() + 300
    while quickstart.process.poll() is None and time.monotonic() < deadline:
        for pid in quickstart.descendants:
            if b"embedded.server" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.3)
    assert quickstart.process.wait(1) == 1
    assert "given up" in (tmp_path / "stderr").read_text()
