"""What ends a child process when its parent ends, however the parent ends. Runs in the child."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading

__all__ = ["hold_lifeline"]

_PR_SET_PDEATHSIG = 1
"""prctl(2), Linux."""


def hold_lifeline(parent_pid: int) -> threading.Thread:
    """End this process at once when the process `parent_pid` is gone; returns the thread that watches.

    Two ways, because neither is enough alone. Linux sends a signal when the parent dies, but only Linux. Standard input
    is a pipe from the parent and ends with it everywhere, but a process that the parent has forked (a worker of the
    router) keeps the pipe open for as long as it lives.
    """
    if sys.platform == "linux":
        _ask_for_parent_death_signal()
        if os.getppid() != parent_pid:  # it died before the signal was asked for
            os._exit(0)
    watch = threading.Thread(target=_exit_at_end_of_input, name="lifeline", daemon=True)
    watch.start()
    return watch


def _ask_for_parent_death_signal() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _exit_at_end_of_input() -> None:
    # The descriptor itself: a buffered reader would be locked while the interpreter shuts down.
    while os.read(0, 4096):
        pass
    os._exit(0)
