from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.config import InvalidConfig, Problem, report
from anvil_serving.config.problems import key_text

FIRST = Problem(file="a.toml", line=3, key="server.port", message="is wrong", hint="mend it")
WHOLE = Problem(file="a.toml", line=0, key="", message="cannot be read", hint="look")


def test_a_report_says_where_what_and_what_to_do() -> None:
    assert report((FIRST, WHOLE)) == (
        "a.toml:3: server.port: is wrong\n  hint: mend it\na.toml: cannot be read\n  hint: look"
    )
    assert str(InvalidConfig((FIRST, WHOLE))) == report((FIRST, WHOLE))
    assert InvalidConfig((FIRST,)).problems == (FIRST,)


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=5), min_size=1, max_size=3))
def test_keys_are_written_as_toml_reads_them(keys: list[str]) -> None:
    text = key_text(tuple(keys))
    value = tomllib.loads(f"{text} = 1\n")
    for key in keys:
        value = value[key]

    assert value == 1  # type: ignore[comparison-overlap]
    assert "\n" not in text


def test_indexes_stand_in_brackets() -> None:
    assert key_text(("router", "tiers", 1, "extra_body", "a.b")) == 'router.tiers[1].extra_body."a.b"'
