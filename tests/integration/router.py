"""A real router in a process of its own, and the paths that lead to it."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w
from tests.fakes.client import Client

from anvil_serving.config import WORK_CLASSES
from anvil_serving.decisions import DecisionReader, LogMissing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anvil_serving.decisions import Decision

__all__ = ["PATHS", "RouterProcess", "free_port", "tier_config"]

PATHS = {"messages": "/v1/messages", "chat": "/v1/chat/completions", "responses": "/v1/responses"}

_COMMAND = [sys.executable, "-m", "anvil_serving", "serve"]
_READY_SECONDS = 15.0
_WRITTEN_SECONDS = 20.0
_SERVING = re.compile(r"serving on http://127\.0\.0\.1:(\d+)")


def free_port() -> int:
    """A port of the loopback that nobody listened at a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def tier_config(tier_id: str, url: str, **more: Any) -> dict[str, Any]:
    """A tier of every dialect with deadlines that a test can wait for."""
    return {
        "id": tier_id,
        "base_url": url,
        "context_limit": 32_768,
        "privacy": "local",
        "model": "model-of-the-tier",
        "dialects": ["openai", "anthropic", "responses"],
        "timeouts": {"connect": 1.0, "first_byte": 0.4, "idle": 0.4, "total": 1.2},
        **more,
    }


class RouterProcess:
    """Runs from `start` to `stop`, or for the length of a `with`."""

    def __init__(
        self,
        tiers: Sequence[Mapping[str, Any]],
        presets: Mapping[str, Sequence[str]],
        *,
        server: Mapping[str, Any] | None = None,
        router: Mapping[str, Any] | None = None,
        decisions: Mapping[str, Any] | None = None,
        workers: int = 1,
        environment: Mapping[str, str] | None = None,
        trusts_all: bool = True,
        is_checked: bool = False,
    ) -> None:
        """A router of its own.

        `trusts_all`: the profile allows every tier every kind of work, instead of what its seeds say. `is_checked`:
        answers of tiers that are allowed are held and checked, as they are by default, instead of going out at once.
        """
        self._trusts_all = trusts_all
        self._config: dict[str, Any] = {
            "decisions": dict(decisions or {}),
            "server": dict(server or {}),
            "router": {
                **copy.deepcopy(dict(router or {})),
                "presets": {name: list(ids) for name, ids in presets.items()},
            },
        }
        if not is_checked:
            self._config["router"].setdefault("window", {}).setdefault("allow", "none")
        self._config["router"]["tiers"] = [dict(tier) for tier in tiers]
        self._workers = workers
        # Should it die of a signal, its log says where.
        self._environment = {**os.environ, "PYTHONFAULTHANDLER": "1", **(environment or {})}
        self._folder = tempfile.TemporaryDirectory()
        self._process: subprocess.Popen[bytes] | None = None
        self._last_log = ""
        self.port = 0

    def __enter__(self) -> RouterProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The parent's; its workers are its children."""
        assert self._process is not None
        return self._process.pid

    @property
    def worker_pids(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [int(child) for child in children]

    @property
    def log(self) -> str:
        """What it has said so far."""
        file = Path(self._folder.name) / "log"
        return file.read_text(errors="replace") if file.exists() else self._last_log

    @property
    def config_path(self) -> Path:
        """The configuration that it runs by."""
        return Path(self._folder.name) / "anvil.toml"

    @property
    def decisions_path(self) -> Path:
        """Where it keeps its decisions, if the test does not say otherwise."""
        return Path(self._folder.name) / "decisions.sqlite3"

    def decision(self, decision_id: str) -> Decision:
        """A decision of its log, once it is there."""
        deadline = time.monotonic() + _WRITTEN_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(LogMissing), DecisionReader(self.decisions_path) as reader:
                found = reader.get(decision_id)
                if found is not None:
                    return found
            time.sleep(0.05)
        raise AssertionError(f"{decision_id} was not kept")

    def start(self) -> None:
        folder = Path(self._folder.name)
        config = self.config_path
        self._config["decisions"].setdefault("path", str(self.decisions_path))
        if self._trusts_all:
            profile = folder / "profile.json"
            profile.write_text(json.dumps(_trusting([tier["id"] for tier in self._config["router"]["tiers"]])))
            self._config["router"].setdefault("profile_path", str(profile))
        config.write_text(tomli_w.dumps(self._config))
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*_COMMAND, "--config", str(config), "--port", "0", "--workers", str(self._workers)],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
            )
        deadline = time.monotonic() + _READY_SECONDS
        while (serving := _SERVING.search(self.log)) is None:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"the router did not start:\n{self.log}")
            time.sleep(0.02)
        self.port = int(serving[1])

    def is_healthy(self) -> bool:
        try:
            with Client(self.port, timeout=2.0) as client:
                return client.ask("GET", "/healthz").status == 200
        except OSError:
            return False

    def client(self, *, timeout: float = 10.0, receive_buffer: int | None = None) -> Client:
        return Client(self.port, timeout=timeout, receive_buffer=receive_buffer)

    def terminate(self) -> None:
        """Tells it to end."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def wait(self, timeout: float) -> int:
        """Its exit code, once it has ended."""
        assert self._process is not None
        return self._process.wait(timeout)

    def stop(self) -> None:
        died = None if self._process is None else self._process.poll()
        if self._process is not None and died is None:
            workers = self.worker_pids
            self._process.terminate()
            try:
                self._process.wait(10.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                for worker in workers:
                    _kill(worker)
        self._last_log = self.log
        self._folder.cleanup()
        assert not died, f"the router died ({died}):\n{self._last_log[-10_000:]}"


def _trusting(tier_ids: Sequence[str]) -> dict[str, Any]:
    """A profile in which every tier is as good as any other at everything."""
    cells = [(tier_id, work_class) for tier_id in tier_ids for work_class in WORK_CLASSES]
    return {
        "schema": "anvil-serving.router.profile_bootstrap/v1",
        "entries": [
            {"tier_id": tier_id, "work_class": work_class, "decision": "allow", "quality_score": 0.9, "sample_n": 1_000}
            for tier_id, work_class in cells
        ],
    }


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
