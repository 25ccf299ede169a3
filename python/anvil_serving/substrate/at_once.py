"""The same question put to many at the same time, by threads that keep nobody from leaving."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["MOST_AT_ONCE", "at_once"]

MOST_AT_ONCE: Final = 16
"""Threads; what is more waits its turn."""

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def at_once(ask: Callable[[_In], _Out], items: Iterable[_In]) -> list[_Out]:
    """What `ask` returns for each item, in their order; what it raises is raised.

    Not an executor of the standard library: that waits for its threads at exit, and Ctrl-C would last as long as the
    slowest answer.
    """
    waiting = list(enumerate(items))[::-1]
    answers: dict[int, _Out] = {}
    failures: list[BaseException] = []

    def work() -> None:
        while not failures:
            try:
                place, item = waiting.pop()
            except IndexError:
                return
            try:
                answers[place] = ask(item)
            except BaseException as failure:  # noqa: BLE001 - whatever it is, it is raised where it is waited for
                failures.append(failure)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(len(waiting), MOST_AT_ONCE))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return [answers[place] for place in sorted(answers)]
