from __future__ import annotations

import threading
import time

import pytest

from anvil_serving.substrate.at_once import MOST_AT_ONCE, at_once


def test_answers_come_in_the_order_of_the_questions() -> None:
    def ask(number: int) -> int:
        time.sleep(0.01 * (5 - number % 5))
        return number * number

    assert at_once(ask, range(50)) == [number * number for number in range(50)]
    assert at_once(ask, []) == []


def test_all_are_asked_at_the_same_time_up_to_a_limit() -> None:
    together = threading.Barrier(MOST_AT_ONCE)
    at_once(lambda _: together.wait(5), range(MOST_AT_ONCE))
    running, most = [0], [0]
    lock = threading.Lock()

    def ask(_: int) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.005)
        with lock:
            running[0] -= 1

    at_once(ask, range(4 * MOST_AT_ONCE))
    assert most[0] <= MOST_AT_ONCE


def test_a_failure_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        at_once(lambda number: 1 / number, [1, 0, 2])
