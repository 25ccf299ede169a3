from __future__ import annotations

from tests.unit.decisions.records import decision

from anvil_serving.decisions.signals import REMEMBERED_CALLS, OpenCalls


def test_a_call_is_found_once() -> None:
    calls: OpenCalls[str] = OpenCalls()
    calls.made(decision(1, tool_calls=("a", "b")), "the first")
    calls.made(decision(2, tool_calls=("b",)), "the second")
    report = decision(3, failed_tool_calls=("b", "a", "c"))
    assert calls.failed(report) == ["the second", "the first"]
    assert calls.failed(report) == []


def test_the_oldest_calls_are_forgotten() -> None:
    calls: OpenCalls[int] = OpenCalls()
    each = 50
    last = REMEMBERED_CALLS // each
    for number in range(last + 1):
        calls.made(decision(number, tool_calls=tuple(f"{number}_{call}" for call in range(each))), number)
    first = tuple(f"0_{call}" for call in range(each))
    assert calls.failed(decision(0, failed_tool_calls=(*first, "1_0", f"{last}_0"))) == [1, last]
    assert len(calls._answers) <= REMEMBERED_CALLS
