from __future__ import annotations

import json
import sys
import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving import layout


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, with ä and 漢字", "plain, with ä and 漢字"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\ud800", "\\ud800"),
        ("a\u180eb\u00adc\u061cd", "a\\u180eb\\xadc\\u061cd"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_steers_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert layout.printable(text) == shown


@given(st.text())
def test_json_for_a_terminal_means_the_same(text: str) -> None:
    shown = layout.harmless_json(msgspec.json.encode({"a": text}))
    assert json.loads(shown) == {"a": text}
    assert not any("\x7f" <= char <= "\x9f" or char < " " or char in "\u202e\u2028" for char in shown)


def test_no_control_and_no_format_character_is_shown() -> None:
    steering = [char for char in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(char) in {"Cc", "Cf"}]
    assert "\u180e" in steering
    text = "".join(steering)
    assert layout.printable(text).isprintable()
    shown = layout.harmless_json(msgspec.json.encode(text))
    assert shown.isprintable()
    assert json.loads(shown) == text


def test_json_stays_readable() -> None:
    document = msgspec.json.format(msgspec.json.encode({"a": "ä, 漢字 and 😀", "b": 1}))
    assert layout.harmless_json(document) == document.decode()


def test_a_table_is_aligned_and_its_cells_are_short() -> None:
    lines = layout.table(("name", "n"), [("a", "1"), ("b" * 50, "1,000")])
    assert lines == [f"{'name':<40}      n", f"{'a':<40}      1", f"{'b' * 37}...  1,000"]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(None, "not measured"), (0.0000123, "12 µs"), (0.0123, "12 ms"), (75.04, "75.0 s")]
)
def test_durations(seconds: float | None, shown: str) -> None:
    assert layout.duration(seconds) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (None, "not known"),
        (0.0, "$0.00"),
        (0.0000314, "$0.000031"),
        (0.5, "$0.5000"),
        (1_234.5, "$1,234.50"),
        (-20.0, "-$20.00"),
    ],
)
def test_dollars(amount: float | None, shown: str) -> None:
    assert layout.dollars(amount) == shown


def test_no_time_is_said_to_be_none() -> None:
    for at in (float("nan"), float("inf"), 1e20):
        assert layout.moment(at) == "at no time that a clock can show"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (268_000_000, "268.0 MB"),
        (10**12, "1.0 TB"),
    ],
)
def test_sizes(number: int, shown: str) -> None:
    assert layout.size(number) == shown
