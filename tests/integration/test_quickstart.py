"""What a new user does first: `anvil-serving quickstart`, then curl and both vendors' SDKs, with the real model."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import anthropic
import openai
import pytest
from tests.integration.process import children_of, is_running, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(240)

QUESTION = "Say hello in one short sentence."


class Quickstart:
    """A running `anvil-serving quickstart`."""

    def __init__(self, log: Path) -> None:
        self.log = log
        with log.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "anvil_serving", "quickstart", "--port", "0"],
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def url(self) -> str:
        found = re.search(r"http://127\.0\.0\.1:\d+", self.log.read_text())
        assert found is not None
        return found.group()

    def wait_until_ready(self) -> None:
        wait_until(lambda: self.process.poll() is not None or "ANTHROPIC_BASE_URL" in self.log.read_text(), seconds=180)
        assert self.process.poll() is None, self.log.read_text()


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quickstart]:
    running = Quickstart(tmp_path_factory.mktemp("quickstart") / "log")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.process.terminate()
        running.process.wait(timeout=30)


def test_curl_streams_an_answer(quickstart: Quickstart) -> None:
    curl = shutil.which("curl")
    assert curl is not None, "curl is what a new user tries first: install it"
    question = {"role": "user", "content": QUESTION}
    body = json.dumps({"model": "chat", "stream": True, "max_tokens": 40, "messages": [question]})
    answer = subprocess.run(
        [curl, "-sN", f"{quickstart.url}/v1/chat/completions", "-H", "content-type: application/json", "-d", body],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    ).stdout
    assert answer.count("data: ") > 3
    assert answer.endswith("data: [DONE]\n\n")


def test_the_openai_sdk_streams_an_answer(quickstart: Quickstart) -> None:
    with openai.OpenAI(base_url=f"{quickstart.url}/v1", api_key="local") as client:
        stream = client.chat.completions.create(
            model="planning", messages=[{"role": "user", "content": QUESTION}], max_tokens=40, stream=True
        )
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices).strip()
    assert {chunk.model for chunk in chunks} == {"planning"}
    assert any(choice.finish_reason for chunk in chunks for choice in chunk.choices)


def test_the_openai_sdk_gets_a_whole_answer(quickstart: Quickstart) -> None:
    with openai.OpenAI(base_url=f"{quickstart.url}/v1", api_key="local") as client:
        answer = client.chat.completions.create(
            model="chat", messages=[{"role": "user", "content": QUESTION}], max_tokens=40
        )
    assert (answer.choices[0].message.content or "").strip()
    assert answer.usage is not None
    assert answer.usage.completion_tokens > 0


def test_the_anthropic_sdk_streams_an_answer(quickstart: Quickstart) -> None:
    with (
        anthropic.Anthropic(base_url=quickstart.url, api_key="local") as client,
        client.messages.stream(
            model="claude-planning", messages=[{"role": "user", "content": QUESTION}], max_tokens=40
        ) as stream,
    ):
        text = "".join(stream.text_stream)
        message = stream.get_final_message()
    assert text.strip()
    assert message.model == "claude-planning"
    assert message.stop_reason in {"end_turn", "max_tokens"}
    assert message.usage.output_tokens > 0


def test_the_anthropic_sdk_gets_a_whole_answer(quickstart: Quickstart) -> None:
    with anthropic.Anthropic(base_url=quickstart.url, api_key="local") as client:
        message = client.messages.create(
            model="quick-edit", messages=[{"role": "user", "content": QUESTION}], max_tokens=40
        )
    assert any(block.type == "text" and block.text.strip() for block in message.content)


def test_both_sdks_list_the_presets(quickstart: Quickstart) -> None:
    with openai.OpenAI(base_url=f"{quickstart.url}/v1", api_key="local") as client:
        assert {"chat", "planning", "claude-planning"} <= {model.id for model in client.models.list()}
    with anthropic.Anthropic(base_url=quickstart.url, api_key="local") as client:
        assert {"chat", "planning", "claude-planning"} <= {model.id for model in client.models.list()}


def test_ctrl_c_ends_the_router_and_the_engine(tmp_path: Path) -> None:
    running = Quickstart(tmp_path / "log")
    try:
        running.wait_until_ready()
        family = children_of(running.process.pid)
        assert family
        os.killpg(running.process.pid, signal.SIGINT)
        assert running.process.wait(timeout=30) == 0
        wait_until(lambda: not any(is_running(pid) for pid in family), seconds=10)
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()
    assert "Traceback" not in running.log.read_text()


def test_a_killed_router_leaves_nothing_behind(tmp_path: Path) -> None:
    running = Quickstart(tmp_path / "log")
    running.wait_until_ready()
    family = children_of(running.process.pid)
    running.process.kill()
    running.process.wait()
    wait_until(lambda: not any(is_running(pid) for pid in family), seconds=15)
