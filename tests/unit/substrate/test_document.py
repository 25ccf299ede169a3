from __future__ import annotations

import json
import math
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import tomli_w
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from anvil_serving.errors import StartupError
from anvil_serving.substrate.document import BrokenDocument, CannotEdit, Change, Item, changed, lookup, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from anvil_serving.substrate.document import SyntaxName

_NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029\x85\ufeff")
)
_TEXTS = _NAMES
_SCALARS = st.one_of(_TEXTS, st.booleans(), st.integers(-(2**53), 2**53))
_TREES = st.dictionaries(
    _NAMES,
    st.recursive(
        _SCALARS, lambda deeper: st.one_of(st.lists(_SCALARS, max_size=3), st.dictionaries(_NAMES, deeper, max_size=4))
    ),
    max_size=5,
)
_WRITERS: dict[SyntaxName, list[Callable[[Any], str]]] = {
    "json": [
        json.dumps,
        lambda tree: json.dumps(tree, indent="\t", ensure_ascii=False) + "\n",
        lambda tree: json.dumps(tree, indent=2).replace("{\n", "{ // a { comment }\n"),
    ],
    "toml": [tomli_w.dumps, lambda tree: "# mine\n" + tomli_w.dumps(tree)],
    "yaml": [
        lambda tree: yaml.safe_dump(tree, allow_unicode=True, sort_keys=False, default_flow_style=False),
        lambda tree: "# mine\n" + yaml.safe_dump(tree, default_flow_style=True),
    ],
}
_CASES = [(syntax, writer) for syntax, writers in _WRITERS.items() for writer in writers]
_PLACES = [("model",), ("providers", "anvil", "url"), ("providers", "anvil", "key"), ("env", "A")]


def _change(text: str, syntax: SyntaxName, *changes: Change) -> str:
    return changed(text.encode(), syntax, changes).decode()


@pytest.mark.parametrize(("syntax", "writer"), _CASES)
@settings(max_examples=30, deadline=None)
@given(tree=_TREES, value=st.one_of(_SCALARS, st.dictionaries(_NAMES, _TEXTS, max_size=2)), data=st.data())
def test_what_is_set_is_set_and_nothing_else(
    syntax: SyntaxName, writer: Callable[[Any], str], tree: dict[str, Any], value: Any, data: st.DataObject
) -> None:
    content = writer(tree).encode()
    place = data.draw(st.sampled_from([*_PLACES, *((key,) for key in tree)]))
    try:
        after = changed(content, syntax, [Change(place, value)])
    except CannotEdit:  # a number where a table belongs, and what tomlkit does not do
        return
    said = read(after, syntax)
    assert lookup(said, place) == value
    assert {key: said[key] for key in said if key != place[0]} == {key: tree[key] for key in tree if key != place[0]}


@pytest.mark.parametrize(("syntax", "writer"), _CASES)
@settings(max_examples=30, deadline=None)
@given(tree=_TREES)
def test_what_is_set_can_be_taken_out(syntax: SyntaxName, writer: Callable[[Any], str], tree: dict[str, Any]) -> None:
    for key in ("model", "providers"):
        tree.pop(key, None)
    content = writer(tree).encode()
    there = changed(content, syntax, [Change(("model",), "x"), Change(("providers", "anvil", "url"), "y")])
    back = changed(there, syntax, [Change(("model",), UNSET), Change(("providers",), UNSET)])
    assert read(back, syntax) == read(content, syntax)


@settings(deadline=None)
@given(tree=_TREES)
def test_every_document_is_read_as_its_own_library_reads_it(tree: dict[str, Any]) -> None:
    assert read(json.dumps(tree).encode(), "json") == tree
    assert read(json.dumps(tree, ensure_ascii=False, indent=3).encode(), "json") == tree
    assert read(tomli_w.dumps(tree).encode(), "toml") == tree


@settings(max_examples=300, deadline=None)
@given(
    content=st.one_of(
        st.binary(max_size=80), st.text("{}[]\"':,/*\\-+.0eExnNu \n#=&!|>%@`", max_size=40).map(str.encode)
    )
)
@pytest.mark.parametrize("syntax", ["json", "toml", "yaml"])
def test_no_text_does_worse_than_to_be_refused(syntax: SyntaxName, content: bytes) -> None:
    try:
        after = changed(content, syntax, [Change(("model",), "x"), Change(("env", "A"), "1")])
    except (BrokenDocument, CannotEdit):
        return
    said = read(after, syntax)
    assert isinstance(said, dict)
    assert (said["model"], said["env"]["A"]) == ("x", "1")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{a: 1, 'b': 'x', $c: .5, }", {"a": 1, "b": "x", "$c": 0.5}),
        ("// c\n[0x1F, +1, -2., 1e3, /* d */ 'it\\'s', \"\\u00e4\\x41\\\nB\",]", [31, 1, -2.0, 1000.0, "it's", "äAB"]),
        ('"\\ud83d\\ude00"', "😀"),
        ("-Infinity", -math.inf),
    ],
)
def test_json5_is_read(text: str, value: Any) -> None:
    assert read(text.encode(), "json") == value


@pytest.mark.parametrize(
    ("syntax", "content", "line"),
    [
        ("json", b'{\n  "a": 1,\n  "b" 2\n}', 3),
        ("json", b'{"a": [1, 2}', 1),
        ("json", b'{"a": 1} x', 1),
        ("json", b'{\n"a": "never ends\n}', 2),
        ("json", b"{" * 5000, 1),
        ("json", b'{"a": 1\n/* ', 2),
        ("toml", b"a = 1\nb = = 2\n", 2),
        ("toml", b"a = " + b"[" * 5000, 1),
        ("yaml", b"a: 1\n  b: 2\n", 2),
        ("yaml", b"a: 1\n---\nb: 2\n", 2),
        ("yaml", b"a: !python/object:os.system x\n", 1),
        ("yaml", b"a: " + b"[" * 5000, 1),
        ("json", b'{"a":\n"\xff"}', 2),
        ("toml", b"a = 1\n\0", 2),
    ],
)
def test_what_is_broken_is_refused_with_its_line(syntax: SyntaxName, content: bytes, line: int) -> None:
    with pytest.raises(BrokenDocument, match=f"^line {line}: "):
        changed(content, syntax, [Change(("x",), "y")])


def test_a_few_aliases_that_mean_billions_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(CannotEdit, match="more than"):
        changed("\n".join(lines).encode(), "yaml", [Change(("x",), "y")])
    with pytest.raises(StartupError):
        changed(b"a: &a [*a]\n", "yaml", [Change(("x",), "y")])


def test_comments_order_and_line_ends_stay() -> None:
    text = '\ufeff{\r\n\t// mine\r\n\t"b": 1, // one\r\n\t"a": {"c": 2}\r\n}\r\n'
    after = _change(text, "json", Change(("a", "d"), 3), Change(("b",), 4), Change(("e", "f"), 5))
    assert after == (
        '\ufeff{\r\n\t// mine\r\n\t"b": 4, // one\r\n\t"a": {"c": 2, "d": 3},\r\n\t"e": {\r\n\t\t"f": 5\r\n\t}\r\n}\r\n'
    )
    text = '# mine\nmodel = "x" # the best\n\n[tui]\na = 1\n'
    after = _change(text, "toml", Change(("model",), "planning"), Change(("p", "anvil", "url"), "u"))
    assert after == '# mine\nmodel = "planning" # the best\n\n[tui]\na = 1\n\n[p.anvil]\nurl = "u"\n'
    text = "# mine\nmodel: x  # the best\nlist:\n- a\n\n# the end\n"
    after = _change(text, "yaml", Change(("model",), "planning"), Change(("base-url",), "u"))
    assert after == '# mine\nmodel: "planning"  # the best\nlist:\n- a\nbase-url: "u"\n\n# the end\n'


def test_a_member_of_a_list_is_its_first_and_goes_again() -> None:
    text = "models:\n  # about A\n  - name: A\n    roles:\n      - chat\n\nrules: []\n"
    place = ("models", Item("name", "P"))
    there = _change(text, "yaml", Change(place, {"name": "P", "roles": ["chat"]}))
    assert there.startswith('models:\n  - name: "P"\n    roles: ["chat"]\n  # about A\n  - name: A\n')
    assert _change(there, "yaml", Change(place, UNSET)) == text
    again = _change(there, "yaml", Change(place, {"name": "P", "model": "m"}))
    assert yaml.safe_load(again)["models"][0] == {"name": "P", "model": "m"}


@pytest.mark.parametrize("value", ["- a\n- b\n", "  - a\n", "  b: 1\n", "  |\n  text\n", "\n\n  'x'\n", "  {b: 1}\n"])
def test_a_value_below_its_key_is_replaced(value: str) -> None:
    assert yaml.safe_load(_change(f"a:\n{value}c: 1\n", "yaml", Change(("a",), "new"))) == {"a": "new", "c": 1}


def test_toml_of_every_form_is_changed() -> None:
    for text in ("p = {o = {u = 1}}\n", "p.o.u = 1\n[z]\na = 1\n", "[p.o]\nu = 1", "[[q]]\na = 1\n", ""):
        after = _change(text, "toml", Change(("p", "anvil", "url"), "u"), Change(("model",), 'a "quoted" \\ \x7f name'))
        said = tomllib.loads(after)
        assert (said["p"]["anvil"], said["model"]) == ({"url": "u"}, 'a "quoted" \\ \x7f name')
    with pytest.raises(CannotEdit):
        _change("p = 1\n", "toml", Change(("p", "anvil"), "u"))


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: &a {b: {c: *a}}\n"])
def test_yaml_that_leads_in_a_circle_is_broken(text: str) -> None:
    with pytest.raises(BrokenDocument, match="an alias leads in a circle"):
        read(text.encode(), "yaml")


def test_yaml_that_says_the_same_twice_is_not() -> None:
    assert read(b"a: &a [1]\nb: [*a, *a]\n", "yaml") == {"a": [1], "b": [[1], [1]]}
