"""Keeps a child running: notices that it died or hangs, starts it again, and says so when it gives up."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import msgspec

from anvil_serving.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .child import Child

__all__ = ["RestartPolicy", "Supervisor"]

_POLL_SECONDS = 0.25
_PROBES = 3
"""Failed probes in a row that mean a hanging child."""


class RestartPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When a child is given up for dead, and how often it may be started again. Times are seconds."""

    restarts: int = 3
    """Restarts in a row; the count begins anew once the child has run for `stable_after`."""
    first_delay: float = 0.5
    """Before the first restart; doubled before each further one, because what broke may need time to mend."""
    max_delay: float = 30.0
    stable_after: float = 60.0
    probe_interval: float = 5.0
    """Between two health probes. Death is noticed by the exit code, at once; probes find a child that hangs."""

    def delay(self, restart: int) -> float:
        """Seconds to wait before restart number `restart`, counted from 1."""
        return min(self.first_delay * 2.0 ** (restart - 1), self.max_delay)


class Supervisor:
    """Watches `child` in a thread of its own until `stop`.

    `relaunch` starts a replacement and may raise `StartupError`; it gives up early when the event it is handed is set.
    `on_event` is told of every crash and restart, `on_failure` once, when there will be no further restart. Both are
    called in the watching thread.
    """

    def __init__(
        self,
        child: Child,
        *,
        relaunch: Callable[[threading.Event], Child],
        is_healthy: Callable[[], bool],
        policy: RestartPolicy,
        on_event: Callable[[str], None],
        on_failure: Callable[[StartupError], None],
    ) -> None:
        self._child = child
        self._relaunch = relaunch
        self._is_healthy = is_healthy
        self._policy = policy
        self._on_event = on_event
        self._on_failure = on_failure
        self._stopping = threading.Event()
        # Its life is the parent's: Linux ties a child's death signal to the thread that started it (`lifeline.py`).
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._restarts = 0
        self._running_since = time.monotonic()
        self.failure: StartupError | None = None
        """Why there is no child any more; None while there is one."""

    @property
    def child(self) -> Child:
        """The child that runs now, or ran last."""
        return self._child

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self, *, grace: float) -> None:
        """End the watch, then the child: TERM, and KILL after `grace` seconds."""
        self._stopping.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join()
        self._child.stop(grace=grace)

    def _watch(self) -> None:
        failed_probes = 0
        next_probe = time.monotonic() + self._policy.probe_interval
        while not self._stopping.wait(_POLL_SECONDS):
            if self._child.exit_code is None and time.monotonic() >= next_probe:
                failed_probes = 0 if self._is_healthy() else failed_probes + 1
                next_probe = time.monotonic() + self._policy.probe_interval
                self._child.trim_log()
                if failed_probes >= _PROBES:
                    self._on_event("the embedded engine does not answer its health probe and is killed")
                    self._child.stop(grace=0.0)
            if self._child.exit_code is not None:
                if not self._replace():
                    return
                failed_probes = 0
                next_probe = time.monotonic() + self._policy.probe_interval

    def _replace(self) -> bool:
        """Start a new child in the place of the dead one; False when this is over."""
        if time.monotonic() - self._running_since >= self._policy.stable_after:
            self._restarts = 0
        reason = self._child.ended()
        hint = f"its whole log is {self._child.log}"
        while self._restarts < self._policy.restarts:
            self._restarts += 1
            delay = self._policy.delay(self._restarts)
            self._on_event(
                f"{reason}\nstarting it again in {delay:g} s (restart {self._restarts} of {self._policy.restarts})"
            )
            if self._stopping.wait(delay):
                return False
            try:
                child = self._relaunch(self._stopping)
            except StartupError as error:
                reason, hint = str(error), error.hint or hint
                continue
            self._child.stop(grace=0.0)  # it is dead: this closes its pipes
            self._child = child
            self._running_since = time.monotonic()
            self._on_event("it serves again")
            return True
        if self._stopping.is_set():
            return False
        self.failure = StartupError(f"{reason}\nit was started again {self._restarts} times and given up", hint=hint)
        self._on_failure(self.failure)
        return False
