from __future__ import annotations

import csv
import io

import msgspec
import pytest
from tests.unit.decisions.records import CLOUD, LOCAL, decision

from anvil_serving.decisions import Decision
from anvil_serving.decisions.export import COLUMNS, csv_lines, json_lines


def test_json_lines_hold_the_whole_record() -> None:
    decisions = [decision(1), decision(2, model="a\nb\x9b")]
    lines = list(json_lines(decisions))
    assert [msgspec.json.decode(line, type=Decision) for line in lines] == decisions
    assert all(line.isprintable() for line in lines)


def table(*decisions: Decision) -> list[dict[str, str]]:
    text = "\n".join(csv_lines(decisions))
    return list(csv.DictReader(io.StringIO(text)))


def test_the_table_holds_the_main_values() -> None:
    (row,) = table(decision(1, attempts=(LOCAL, CLOUD), confidence=0.5))
    assert tuple(row) == COLUMNS
    assert row["at"] == "2026-09-21T14:13:21.000+00:00"
    assert (row["attempts"], row["input_tokens"], row["cached_tokens"], row["prompt_tokens"]) == (
        "2",
        "2000",
        "800",
        "12345",
    )
    assert (row["confidence"], row["client"], row["model"]) == ("0.5", "", "claude-sonnet-4-5")


def test_what_callers_wrote_is_no_formula_and_no_new_row() -> None:
    (row,) = table(decision(1, model='=HYPERLINK("a")', session="a,\nb", client="-1"))
    assert (row["model"], row["session"], row["client"]) == ('\'=HYPERLINK("a")', "a,\\nb", "'-1")


@pytest.mark.parametrize(
    "text",
    [
        "=1",
        "+1",
        "-1",
        "@a",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff20a",
        "\ufe661",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\t",
        "\r",
    ],
)
def test_no_form_of_a_formula_is_one(text: str) -> None:
    (row,) = table(decision(1, model=text))
    assert row["model"].startswith("'")
    assert row["model"].isprintable()


@pytest.mark.parametrize("text", ["claude", "a=b", "漢字", "1-2", "x @ y"])
def test_what_is_no_formula_is_left_as_it_is(text: str) -> None:
    (row,) = table(decision(1, model=text))
    assert row["model"] == text


def test_it_streams() -> None:
    def endless() -> object:
        number = 0
        while True:
            number += 1
            yield decision(number)

    lines = csv_lines(endless())  # type: ignore[arg-type]
    assert next(lines).startswith("id,at,")
    assert next(lines).startswith("dec_000001,")


def test_a_log_without_decisions_is_a_header() -> None:
    assert list(csv_lines(())) == [",".join(COLUMNS)]
    assert list(json_lines(())) == []
