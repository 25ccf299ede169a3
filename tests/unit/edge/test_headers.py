from __future__ import annotations

import pytest

from anvil_serving.edge.headers import received_headers

Lines = list[tuple[bytes, bytes]]


@pytest.mark.parametrize(
    ("lines", "headers"),
    [
        ([], {}),
        ([(b"a", b"1"), (b"b", b"2")], {b"a": b"1", b"b": b"2"}),
        ([(b"a", b"1"), (b"b", b"2"), (b"a", b"3")], {b"a": b"1, 3", b"b": b"2"}),
        ([(b"a", b""), (b"a", b"x"), (b"a", b"")], {b"a": b", x, "}),
    ],
)
def test_lines_of_one_name_are_one_value(lines: Lines, headers: dict[bytes, bytes]) -> None:
    assert received_headers(lines) == headers
