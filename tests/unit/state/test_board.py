from __future__ import annotations

import fcntl
import os
import pickle
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from anvil_serving.state import Board

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def shared() -> Iterator[Board]:
    board = Board.shared(3, 4)
    yield board
    board.close()


def _path(board: Board) -> Path:
    assert board._path is not None
    return board._path


def _in_another_process(board: Board, code: str) -> str:
    """What a fresh process says that was handed the board."""
    given = f"import pickle, sys; board = pickle.loads(bytes.fromhex({pickle.dumps(board).hex()!r}))\n{code}"
    return subprocess.run([sys.executable, "-c", given], check=True, capture_output=True, text=True).stdout.strip()


def test_all_is_zero_at_first_and_rows_do_not_overlap() -> None:
    board = Board.alone(3, 4)
    for number in range(3):
        row = board.row(number)
        assert list(row) == [0.0] * 4
        for place in range(4):
            row[place] = number * 10.0 + place
    assert [list(board.row(number)) for number in range(3)] == [[n * 10.0 + p for p in range(4)] for n in range(3)]


def test_a_board_that_was_pickled_shows_the_same_numbers(shared: Board) -> None:
    shared.row(1)[2] = 7.5
    assert _in_another_process(shared, "print(board.row(1)[2]); board.row(2)[0] = 9.25") == "7.5"
    assert shared.row(2)[0] == 9.25


def test_a_board_that_was_forked_shows_the_same_numbers(shared: Board) -> None:
    child = os.fork()
    if child == 0:
        with shared.lock(0):
            shared.row(0)[0] += 1.0
        os._exit(0)
    os.waitpid(child, 0)
    assert shared.row(0)[0] == 1.0


def test_no_increment_of_a_locked_row_is_lost(shared: Board) -> None:
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            lock, row = shared.lock(1), shared.row(1)
            for _ in range(500):
                with lock:
                    row[0] += 1.0
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    assert shared.row(1)[0] == 2_000.0


def test_a_row_that_another_process_holds_is_waited_for_and_not_for_long(shared: Board) -> None:
    holder, teller = os.pipe()
    child = os.fork()
    if child == 0:
        with shared.lock(1):
            os.write(teller, b"held")
            time.sleep(30)
        os._exit(0)
    try:
        os.read(holder, 4)
        began = time.monotonic()
        with shared.lock(0):
            assert time.monotonic() - began < 0.005, "another row is not held"
        began = time.monotonic()
        with shared.lock(1):
            assert time.monotonic() - began > 0.005
        assert time.monotonic() - began < 1.0
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(holder)
        os.close(teller)
    file = os.open(_path(shared), os.O_RDWR)
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 1)  # free again, though the holder never said so
    os.close(file)


def test_it_leaves_nothing_behind_and_those_who_have_it_go_on(shared: Board) -> None:
    row, path = shared.row(0), _path(shared)
    assert path.exists()
    shared.close()
    assert not path.exists()
    row[0] = 1.0
    assert shared.row(0)[0] == 1.0
    shared.close()


def test_a_board_of_one_process_is_handed_to_no_other() -> None:
    with pytest.raises(TypeError, match="cannot be handed"):
        pickle.dumps(Board.alone(1, 1))


def test_only_its_owner_may_read_the_file(shared: Board) -> None:
    assert _path(shared).stat().st_mode & 0o777 == 0o600


def test_a_board_of_no_rows_is_one() -> None:
    board = Board.shared(0, 4)
    board.close()
