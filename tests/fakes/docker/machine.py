"""A machine with Docker, real or not, for tests that are the same on both."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest
    from tests.fakes.docker.engine import Engine

__all__ = ["Machine", "free_port", "install_double"]

HERE = Path(__file__).parent


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def install_double(folder: Path) -> None:
    """Puts the double into `bin`; it keeps its state in `state`, which `DOCKER_DOUBLE` has to name."""
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "state").mkdir()
    program = folder / "bin" / "docker"
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{HERE / 'double.py'}' \"$@\"\n")
    program.chmod(0o755)


class Machine:
    """Where `docker` is the double, or the command of a real engine. A test's containers are gone after it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine | None) -> None:
        self.folder = folder
        self.is_real = engine is not None
        self.ports: dict[str, int] = {}
        if engine is not None:
            for name, value in engine.environment.items():
                monkeypatch.setenv(name, value)
            return
        install_double(folder)
        monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("DOCKER_DOUBLE", str(folder / "state"))
        monkeypatch.delenv("DOCKER_HOST", raising=False)

    def docker(self, *arguments: str) -> str:
        done = subprocess.run(("docker", *arguments), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def service(self, name: str, *words: str, **changes: Any) -> None:
        """Describes a service in the folder's compose file, anew where it is there."""
        file = self.folder / "compose.yml"
        document = json.loads(file.read_text()) if file.exists() else {"services": {}}
        port = self.ports.setdefault(name, free_port())
        document["services"][name] = {
            "image": "anvil-tiny:1",
            "container_name": f"c-{name}",
            "command": ["--served-model-name", f"m-{name}", *words],
            "ports": [f"127.0.0.1:{port}:8000"],
            "network_mode": "bridge",
            **changes,
        }
        file.write_text(json.dumps(document))

    def manifest(self, *names: str, more: str = "") -> Path:
        """The folder's manifest, with these services as serves."""
        text = "".join(
            f'[[serve]]\nname = "{name}"\ncontainer = "c-{name}"\nport = {self.ports[name]}\nmodel = "m-{name}"\n'
            f'compose = "compose.yml"\nready_timeout = 30\n'
            for name in names
        )
        path = self.folder / "serves.toml"
        path.write_text(text + more)
        return path

    def status(self, container: str) -> str:
        (described,) = json.loads(self.docker("container", "inspect", container))
        status: str = described["State"]["Status"]
        return status

    def identity(self, container: str) -> str:
        (described,) = json.loads(self.docker("container", "inspect", container))
        identity: str = described["Id"]
        return identity

    def asked(self) -> list[list[str]]:
        """What the double was asked so far."""
        return [json.loads(line) for line in (self.folder / "state" / "asked").read_text().splitlines()]

    def clear(self) -> None:
        """Removes every container."""
        if self.is_real:
            for name in self.docker("ps", "-aq").split():
                self.docker("rm", "-f", name)
            return
        for box in (self.folder / "state").glob("*.json"):
            self.docker("rm", "-f", box.stem)
