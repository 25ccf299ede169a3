"""A real Docker engine, started for the tests: `dockerd` with its own folder, bridge and socket, ended by its pid."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

__all__ = ["Engine", "why_not"]

HERE = Path(__file__).parent
_NEEDED = ("dockerd", "docker", "containerd", "gcc", "ip", "tar")
_START_SECONDS = 60.0


def why_not() -> str | None:
    """Why no engine can be started here; None where one can."""
    if os.geteuid() != 0:
        return "only root can start dockerd"
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)} (Debian: docker.io, iproute2, gcc)" if missing else None


class Engine:
    """One engine with the images `anvil-tiny:1` and `anvil-tiny:2`; nothing of it is left after `stop`."""

    def __init__(self) -> None:
        # Not below pytest's folder: the path of a socket has at most 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="anvil-docker-"))
        self.bridge = f"anvil{os.getpid() % 100_000}"
        self.environment = {"DOCKER_HOST": f"unix://{self.folder}/docker.sock"}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str | None:
        """Starts it; returns why it did not start."""
        # A range that no network has (RFC 2544).
        address = ipaddress.ip_address("198.18.0.1") + 256 * (os.getpid() % 500)
        for words in (
            ("link", "add", self.bridge, "type", "bridge"),
            ("address", "add", f"{address}/24", "dev", self.bridge),
            ("link", "set", self.bridge, "up"),
        ):
            made = subprocess.run(("ip", *words), capture_output=True, text=True, check=False)
            if made.returncode != 0:
                return f"no bridge can be made: {made.stderr.strip()}"
        command = (
            *("dockerd", "--host", self.environment["DOCKER_HOST"], "--bridge", self.bridge),
            *("--data-root", f"{self.folder}/data", "--exec-root", f"{self.folder}/exec"),
            *("--pidfile", f"{self.folder}/pid", "--storage-driver", "vfs"),
            # The machine's own rules stay as they are: ports are published by docker-proxy.
            *("--iptables=false", "--ip6tables=false"),
        )
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if self.docker("version").returncode == 0:
                return self._make_images()
            time.sleep(0.2)
        return "dockerd did not start: " + " | ".join((self.folder / "log").read_text().splitlines()[-3:])

    def docker(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ("docker", *arguments), env={**os.environ, **self.environment}, capture_output=True, text=True, check=False
        )

    def _make_images(self) -> str | None:
        built = subprocess.run(
            ("gcc", "-static", "-O1", "-o", str(self.folder / "serve"), str(HERE / "tiny_serve.c")),
            capture_output=True,
            text=True,
            check=False,
        )
        if built.returncode != 0:
            return f"gcc cannot build a static program: {built.stderr.strip()}"
        subprocess.run(("tar", "cf", f"{self.folder}/image.tar", "-C", str(self.folder), "serve"), check=True)
        health = "HEALTHCHECK --interval=1s --timeout=2s --start-period=60s CMD"
        for tag in ("1", "2"):
            changes = ("-c", 'ENTRYPOINT ["/serve"]', "-c", f'{health} ["/serve","--probe"]', "-c", f"ENV TAG={tag}")
            made = self.docker("import", *changes, f"{self.folder}/image.tar", f"anvil-tiny:{tag}")
            if made.returncode != 0:
                return made.stderr
        return None

    def stop(self) -> None:
        running = self.docker("ps", "-aq").stdout.split()
        if running:
            self.docker("rm", "-f", *running)
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(30)
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        subprocess.run(("ip", "link", "del", self.bridge), capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
