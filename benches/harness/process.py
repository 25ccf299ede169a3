"""Child processes: started in a session of their own, measured as a tree, ended by pid."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
STOP_SECONDS = 10.0


class BenchError(Exception):
    """Something could not be measured; the message says what and why."""


class Stat(msgspec.Struct, frozen=True):
    """What `/proc/<pid>/stat` says of one process (proc(5))."""

    parent: int
    session: int
    # Own time and that of children it has waited for, so that a tree's sum survives the end of one of its members.
    cpu_seconds: float
    started_ticks: int


class Memory(msgspec.Struct, frozen=True):
    """A process tree's memory. RSS counts a page once for each process that maps it, PSS once in all."""

    rss_mb: float
    pss_mb: float
    processes: int


def stats() -> dict[int, Stat]:
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        # A process may end between the listing and the reading.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            # The command name, in parentheses, may hold anything: count the fields from its end.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            ticks = sum(int(field) for field in fields[11:15])
            found[int(entry.name)] = Stat(int(fields[1]), int(fields[3]), ticks / TICKS_PER_SECOND, int(fields[19]))
    return found


def tree(root: int, processes: Mapping[int, Stat]) -> set[int]:
    """The process, its descendants, and whatever else is left of the session it leads."""
    members = {pid for pid, stat in processes.items() if root in {pid, stat.session}}
    while True:
        more = {pid for pid, stat in processes.items() if stat.parent in members} - members
        if not more:
            return members
        members |= more


def cpu_seconds(root: int) -> float:
    processes = stats()
    return sum(processes[pid].cpu_seconds for pid in tree(root, processes))


def memory(root: int) -> Memory:
    rss = pss = count = 0
    for pid in tree(root, stats()):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        except (FileNotFoundError, ProcessLookupError):
            continue
        except PermissionError as error:
            raise BenchError(f"memory of pid {pid} cannot be read: {error}") from error
        sizes = {name: int(size.split()[0]) for name, _, size in (line.partition(":") for line in lines)}
        rss += sizes["Rss"]
        pss += sizes["Pss"]
        count += 1
    return Memory(rss / 1024, pss / 1024, count)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Child:
    """A server this bench started; leaving the `with` block ends it and all it started."""

    def __init__(self, command: Sequence[str], directory: Path, name: str, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = directory / f"{name}.log"
        with self.log.open("wb") as log:
            # Its own session: Ctrl-C reaches this process only, which then ends the children in order.
            self._process = subprocess.Popen(
                list(command),
                cwd=directory,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def check(self) -> None:
        """Raise when the child is no longer running."""
        if self._process.poll() is not None:
            raise BenchError(f"{self.name} ended with {self._process.returncode}:\n{self.log_tail()}")

    def log_tail(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        processes = stats()
        family = {pid: processes[pid].started_ticks for pid in tree(self.pid, processes)}
        try:
            self._process.terminate()
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
        finally:
            kill_survivors(family.items())


def kill_survivors(family: Iterable[tuple[int, int]]) -> None:
    """End what outlived its root; the start time tells a survivor from a stranger who got its pid."""
    time.sleep(0.05)
    now = stats()
    for pid, started in family:
        if pid in now and now[pid].started_ticks == started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
