from __future__ import annotations

import tomllib
from typing import Any

import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.config.locate import locate

# Each number occurs once in a document, so that its line can be read off the text without a scanner.
FIRST_NUMBER = 10_000_001

# Strings made to lead a scanner astray: quotes, escapes, brackets, comments and new lines that are none.
NASTY = st.text(alphabet="ab\"'\\[]{}=#,.\n\té", max_size=12)
KEYS = st.one_of(st.from_regex(r"[A-Za-z0-9_-]{1,4}", fullmatch=True), NASTY)
LEAVES = st.one_of(st.just(0), NASTY, st.booleans(), st.dates(), st.floats(allow_nan=False))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=20,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=6)


class Numbers:
    def __init__(self) -> None:
        self.paths: dict[tuple[str | int, ...], int] = {}

    def put(self, value: Any, path: tuple[str | int, ...] = ()) -> Any:
        """The same value with each 0 replaced by a number of its own."""
        if isinstance(value, dict):
            return {key: self.put(member, (*path, key)) for key, member in value.items()}
        if isinstance(value, list):
            return [self.put(member, (*path, index)) for index, member in enumerate(value)]
        if value == 0 and type(value) is int:
            self.paths[path] = FIRST_NUMBER + len(self.paths)
            return self.paths[path]
        return value


def check_lines(text: str, numbers: Numbers) -> None:
    lines = locate(text)
    for path, number in numbers.paths.items():
        assert lines.of(path) == text[: text.index(str(number))].count("\n") + 1, (path, text)
        assert path in lines.marks


class Writer:
    """Writes TOML in every style that the grammar allows, the choice being drawn."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.newline = draw(st.sampled_from(["\n", "\r\n"]))

    def document(self, table: dict[str, Any]) -> str:
        return self.body(table, "")

    def body(self, table: dict[str, Any], header: str) -> str:
        text, later = "", ""
        for key, value in table.items():
            style = self.pick("section", "dotted", "inline")
            name = self.key(key)
            # Empty tables have no dotted form.
            if isinstance(value, dict) and style == "dotted" and value:
                text += self.dotted(name, value)
            elif isinstance(value, dict) and style == "section":
                later += self.gap() + f"[ {header}{name} ]" + self.end() + self.body(value, f"{header}{name}.")
            elif isinstance(value, list) and value and style == "section" and all(isinstance(v, dict) for v in value):
                for member in value:
                    later += self.gap() + f"[[{header}{name}]]" + self.end() + self.body(member, f"{header}{name}.")
            else:
                text += f"  {name} = {self.value(value)}" + self.end()
        return text + later

    def dotted(self, prefix: str, table: dict[str, Any]) -> str:
        text = ""
        for key, value in table.items():
            name = f"{prefix} . {self.key(key)}"
            nested = isinstance(value, dict) and bool(value)
            text += self.dotted(name, value) if nested else f"{name}={self.value(value)}" + self.end()
        return text

    def key(self, key: str) -> str:
        bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
        if bare and self.pick("bare", "quoted") == "bare":
            return key
        return self.basic(key)

    def basic(self, text: str) -> str:
        return '"' + "".join(c if c.isalnum() or c in "[]{}=#,.'" else f"\\u{ord(c):04X}" for c in text) + '"'

    def string(self, text: str) -> str:
        style = self.pick("basic", "literal", "multiline", "multiline literal")
        if style == "literal" and "'" not in text and "\n" not in text:
            return f"'{text}'"
        if style == "multiline":
            escaped = text.replace("\\", "\\\\").replace('""', '"\\"')
            return f'"""\n{escaped}"""'
        if style == "multiline literal" and "'''" not in text and not text.endswith("'" * 3):
            return f"'''\n{text}'''"
        return self.basic(text)

    def value(self, value: Any) -> str:
        if isinstance(value, str):
            return self.string(value)
        if isinstance(value, list):
            members = "".join(f"{self.gap()}{self.value(member)}{self.gap()}," for member in value)
            return f"[{members}{self.gap()}]"
        if isinstance(value, dict):
            return "{ " + ", ".join(f"{self.key(key)} = {self.value(member)}" for key, member in value.items()) + " }"
        return str(tomli_w.dumps({"v": value}).removeprefix("v = ").rstrip("\n"))

    def gap(self) -> str:
        return self.pick("", " ", self.newline, f" # ] }} \" ''' {self.newline}", f"{self.newline}\t{self.newline}")

    def end(self) -> str:
        return self.pick(self.newline, f" # [no.header] = '{self.newline}")

    def pick(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))


@st.composite
def written(draw: st.DrawFn) -> tuple[str, Numbers]:
    numbers = Numbers()
    document = numbers.put(draw(DOCUMENTS))
    text = Writer(draw).document(document)
    assert tomllib.loads(text) == document
    return text, numbers


@given(DOCUMENTS, st.booleans())
def test_every_key_of_a_generated_document_is_found(document: dict[str, Any], multiline_strings: bool) -> None:
    numbers = Numbers()
    check_lines(tomli_w.dumps(numbers.put(document), multiline_strings=multiline_strings), numbers)


@given(written())
def test_every_style_of_writing_is_understood(case: tuple[str, Numbers]) -> None:
    check_lines(*case)


@given(st.text(alphabet="a=[]{}\"'#,.\\\n ", max_size=60))
def test_no_text_keeps_it_from_ending(text: str) -> None:
    assert locate(text).of(("a",)) >= 1


def test_tables_and_their_elements_have_the_line_of_their_header() -> None:
    text = """\
# a comment
[router]
x = 1

[[router.tiers]]
id = "a"
[router.tiers.timeouts]
idle = 1
[[router.tiers]]
[[router.tiers.deep]]
k = 1
[[router.tiers.deep]]
"quoted.key" = { inline = [
  1,
  { k = 2 },
] }
"""
    lines = locate(text)

    assert {path: lines.of(path) for path in lines.marks} == {
        ("router",): 2,
        ("router", "x"): 3,
        ("router", "tiers"): 5,
        ("router", "tiers", 0): 5,
        ("router", "tiers", 0, "id"): 6,
        ("router", "tiers", 0, "timeouts"): 7,
        ("router", "tiers", 0, "timeouts", "idle"): 8,
        ("router", "tiers", 1): 9,
        ("router", "tiers", 1, "deep"): 10,
        ("router", "tiers", 1, "deep", 0): 10,
        ("router", "tiers", 1, "deep", 0, "k"): 11,
        ("router", "tiers", 1, "deep", 1): 12,
        ("router", "tiers", 1, "deep", 1, "quoted.key"): 13,
        ("router", "tiers", 1, "deep", 1, "quoted.key", "inline"): 13,
        ("router", "tiers", 1, "deep", 1, "quoted.key", "inline", 0): 14,
        ("router", "tiers", 1, "deep", 1, "quoted.key", "inline", 1): 15,
        ("router", "tiers", 1, "deep", 1, "quoted.key", "inline", 1, "k"): 15,
    }


def test_strings_that_end_in_quotes_of_their_own_are_skipped_whole() -> None:
    for string in ('"""a\n""""', '"""\n"""""', "'''a\n''''", '""', "''", '"\\""', '"""\\""""', '"""""\n"""'):
        assert tomllib.loads(f"s = {string}\nk = 1\n")["k"] == 1
        line = 2 + string.count("\n")
        assert locate(f"s = {string}\nk = 1\n").marks["k",] == line, string


def test_an_unknown_place_falls_back_to_the_nearest_parent() -> None:
    lines = locate("\n[a]\nb = 1\n")

    assert lines.of(("a", "b", "c", 4)) == 3
    assert lines.of(("a", "missing")) == 2
    assert lines.of(("missing",)) == 1
