from __future__ import annotations

import csv
import io

import msgspec
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
