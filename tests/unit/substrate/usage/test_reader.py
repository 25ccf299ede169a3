from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
from tests.unit.substrate.usage.lines import SAMPLES, SPAWNED, answer, write

from anvil_serving.substrate.usage.logs import logs_below
from anvil_serving.substrate.usage.reader import PIECE_BYTES, ReadLogs, read_logs

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path) -> ReadLogs:
    return read_logs(logs_below(folder))


def outputs(logs: ReadLogs) -> list[int]:
    return [request.tokens[4] for requests in logs.requests.values() for request in requests]


def test_what_the_clients_have_written_is_read_to_the_token() -> None:
    logs = read(SAMPLES)
    claude, codex = (list(logs.requests[client]) for client in ("claude-code", "codex"))
    # The tier's answers: 103 to 119 fresh tokens of Claude Code's main conversations and its sub-agents' (odd numbers
    # are tokens, even ones the tools' ids), 1,001 to 1,008 of Codex's.
    assert [request.tokens for request in claude] == [
        (100 + n, 3_000 + n, 500, 1_500 + n, 30 + n, 0) for n in range(3, 20, 2)
    ]
    assert [request.tokens for request in codex] == [(400, 600 + n, 0, 0, 50 + n, 10 + n) for n in range(1, 9)]
    assert sum(request.is_subagent for request in claude) == 4
    assert {request.model for request in codex} == {"gpt-5.5", "gpt-5.3-codex"}
    assert [request.calls for request in claude[:2]] == [
        [("Write", None), ("Write", None)],
        [("Agent", "general-purpose"), ("Agent", "Explore")],
    ]
    assert {request.folder for request in [*claude, *codex]} == {"/home/someone/work"}
    assert (logs.read.files, logs.read.client_lines, logs.read.troubles) == (8, 1, ())


def test_a_sub_agent_of_codex_is_one() -> None:
    requests = list(read(SPAWNED).requests["codex"])
    assert [(request.tokens[4], request.is_subagent) for request in requests] == [
        (51, False),
        (52, False),
        (53, True),
        (54, False),
    ]
    assert [call for request in requests for call in request.calls] == [
        ("spawn_agent", "spawn_agent"),
        ("wait_agent", None),
    ]


def test_broken_lines_are_counted_and_named_by_file(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", answer(1), "{", "[]", answer(2))
    write(tmp_path / "b.jsonl", answer(3))
    logs = read(tmp_path)
    [trouble] = logs.read.troubles
    assert (trouble.path, trouble.broken_lines, trouble.first_broken_line) == (str(tmp_path / "a.jsonl"), 2, 2)
    assert (logs.read.broken_lines, sorted(outputs(logs))) == (2, [1, 2, 3])


def test_absurd_counts_are_named_by_file(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", answer(-1), answer(10**30), answer(2))
    logs = read(tmp_path)
    assert (logs.read.absurd_lines, logs.read.troubles[0].absurd_lines, outputs(logs)) == (2, 2, [2])


def test_a_file_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    logs = logs_below(write(tmp_path / "a.jsonl", answer(1)).parent)
    (tmp_path / "a.jsonl").unlink()
    [trouble] = read_logs(logs).read.troubles
    assert trouble.unreadable == "No such file or directory"


def test_a_file_that_has_become_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    logs = logs_below(write(tmp_path / "a.jsonl", answer(1)).parent)
    (tmp_path / "a.jsonl").unlink()
    os.mkfifo(tmp_path / "a.jsonl")
    assert outputs(read_logs(logs)) == []


def test_of_a_file_that_grows_what_was_there_at_first_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f"{answer(number)}\n" for number in range(1, 20 * PIECE_BYTES // 400)))
    stop = threading.Event()

    def grow() -> None:
        with path.open("a") as file:
            while not stop.is_set():
                file.write("{" * 4_096)
                file.flush()

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        logs = read(tmp_path)
    finally:
        stop.set()
        thread.join()
    assert (logs.read.changed_files, logs.read.troubles[0].changed) == (1, True)
    assert logs.read.broken_lines == 0
    assert len(outputs(logs)) == 20 * PIECE_BYTES // 400 - 1


def test_which_of_two_copies_counts_does_not_depend_on_who_is_first(tmp_path: Path) -> None:
    # The first file is by far the longest: the others are read before it.
    write(tmp_path / "a.jsonl", *(answer(number) for number in range(1, 5_000)))
    for name in "bcdefg":
        write(tmp_path / f"{name}.jsonl", answer(7, sessionId=name))
    logs = read(tmp_path)
    assert {request.session for request in logs.requests["claude-code"]} == {"s"}


def test_a_name_that_is_no_text_is_told_as_text(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff\x1b.jsonl"
    with open(name, "w") as file:  # noqa: PTH123 - the name is bytes
        file.write("{\n")
    [trouble] = read(tmp_path).read.troubles
    assert trouble.path == f"{tmp_path}/\\udcff\\x1b.jsonl"


def test_progress_comes_to_its_end(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", answer(1))
    write(tmp_path / "b.jsonl", answer(2))
    told: list[tuple[int, int]] = []
    read_logs(logs_below(tmp_path), lambda done, of: told.append((done, of)))
    assert len(told) == 2
    assert told[-1][0] == told[-1][1] > told[0][0]


@pytest.mark.parametrize("text", ["", "\n\n", "   \n"])
def test_nothing_is_no_trouble(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.jsonl").write_text(text)
    logs = read(tmp_path)
    assert (logs.read.lines, logs.read.troubles, outputs(logs)) == (0, (), [])
