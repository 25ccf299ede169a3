"""`models sync --online`, the real command against a server that answers as the Hub does."""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.models import QWEN3, hub_repository, write_gguf, write_safetensors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Hub(http.server.BaseHTTPRequestHandler):
    """`GET /api/models/OWNER/NAME` (huggingface.co/docs/hub/api)."""

    models: dict[str, dict[str, Any]]
    asked: list[str]

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].removeprefix("/api/models/")
        self.asked.append(name)
        found = self.models.get(name)
        body = json.dumps({"error": "Repository not found"} if found is None else {"id": name, **found}).encode()
        self.send_response(401 if found is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if found is None:
            self.send_header("X-Error-Message", "Invalid username or password.")
            self.send_header("X-Error-Code", "RepoNotFound")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[tuple[str, type[Hub]]]:
    handler = type("OneHub", (Hub,), {"models": {}, "asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", handler
        server.shutdown()
        thread.join()


def synced(home: Path, endpoint: str, *arguments: str) -> dict[str, Any]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-m", "anvil_serving", "models", "sync", "--out", str(home / "out"), "--json", *arguments],
        env={**environment, "HF_ENDPOINT": endpoint},
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def card(home: Path, stem: str) -> dict[str, Any]:
    return json.loads((home / "out" / "cards" / f"{stem}.json").read_text())  # type: ignore[no-any-return]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    cache = tmp_path / ".cache" / "huggingface" / "hub"
    weights = write_safetensors(tmp_path / "made.safetensors", {"a": ("BF16", [10])})
    hub_repository(cache, "a/known", {"config.json": json.dumps(QWEN3), "model.safetensors": weights})
    hub_repository(cache, "a/private", {"config.json": json.dumps(QWEN3)})
    hub_repository(cache, "bad name/x", {"config.json": json.dumps(QWEN3)})
    write_gguf(tmp_path / ".cache" / "llama.cpp" / "not-of-the-hub.gguf")
    return tmp_path


def test_the_hub_is_asked_for_what_files_do_not_say(home: Path, hub: tuple[str, type[Hub]]) -> None:
    endpoint, handler = hub
    handler.models["a/known"] = {
        "cardData": {"license": "apache-2.0", "base_model": ["a/base"]},
        "pipeline_tag": "text-generation",
        "safetensors": {"parameters": {"BF16": 99}, "total": 99},
    }
    report = synced(home, endpoint, "--online")
    assert report["problems"] == ["a/private: the Hub does not know it, or wants a token for it (HF_TOKEN)"]
    assert sorted(handler.asked) == ["a/known", "a/private"]
    found = card(home, "a__known")
    assert (found["licence"], found["base_model"], found["task"]) == ("apache-2.0", "a/base", "text-generation")
    assert found["shape"]["parameters"] == 10  # the files' own count is believed
    assert found["from_hub"] == ["licence", "base_model", "task"]

    # Without --online nothing is asked, and what was learnt stays.
    handler.asked.clear()
    report = synced(home, endpoint)
    assert handler.asked == []
    assert report["changes"] == {"new": [], "changed": [], "gone": [], "unchanged": 4}
    assert card(home, "a__known")["licence"] == "apache-2.0"


def test_answers_that_are_none(home: Path, hub: tuple[str, type[Hub]]) -> None:
    endpoint, handler = hub
    handler.models["a/known"] = {"cardData": {"license": {"a": 1}}, "safetensors": None, "pipeline_tag": 5}
    handler.models["a/private"] = {
        "cardData": None,
        "safetensors": {"parameters": {}, "total": -1},
        "gguf": {"total": "x"},
    }
    report = synced(home, endpoint, "--online")
    assert report["models"] == 4
    assert card(home, "a__known")["licence"] is None
    assert card(home, "a__private")["shape"]["parameters"] is None


def test_a_hub_that_does_not_answer_costs_no_more_than_its_time(home: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # nobody listens
        started = time.monotonic()
        report = synced(home, f"http://127.0.0.1:{silent.getsockname()[1]}", "--online")
    assert time.monotonic() - started < 60
    assert "a/known: the Hub gave no answer" in report["problems"][0]
    assert report["models"] == 4
