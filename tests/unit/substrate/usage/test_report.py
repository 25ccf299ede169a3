from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from tests.unit.substrate.usage.lines import SAMPLES, answer, write

from anvil_serving.decisions.prices import PriceList
from anvil_serving.substrate.usage.logs import logs_below
from anvil_serving.substrate.usage.reader import read_logs
from anvil_serving.substrate.usage.report import report
from anvil_serving.substrate.usage.sums import add_up
from anvil_serving.substrate.usage.usage import Selection

if TYPE_CHECKING:
    from pathlib import Path

MARKUP = "</title><script>alert(1)</script>\" onload='x' \x1b[31m\u202e&amp;"


def report_of(folder: Path, project: str | None = None) -> str:
    logs = logs_below(folder)
    return report(add_up(read_logs(logs), logs.folders, Selection(project=project), PriceList("2026-11-20", "x", {})))


class Elements(HTMLParser):
    """The names of all elements and attributes, and what is written."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.text: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_report_tells_the_figures_and_where_they_are_from() -> None:
    text = " ".join(Elements(report_of(SAMPLES)).text)
    for said in ("claude-opus-4-8", "2026-11-29", "list prices of 2026-11-20", "8 files", "Explore", "5,157"):
        assert said in text
    assert len(re.findall('<p class="from">', report_of(SAMPLES))) == 6


def test_the_report_needs_nothing_from_elsewhere_and_runs_nothing() -> None:
    document = report_of(SAMPLES)
    elements = Elements(document)
    assert not elements.names & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "a"}
    assert not elements.attributes & {"href", "src", "srcset", "action", "onload", "style", "xlink:href"}
    assert "url(" not in document
    assert "@import" not in document
    assert "default-src 'none'" in document


def test_plots_are_well_formed() -> None:
    plots = re.findall(r"<svg.*?</svg>", report_of(SAMPLES), re.DOTALL)
    assert len(plots) == 9
    for plot in plots:
        assert ET.fromstring(plot).attrib["aria-label"]


def test_there_is_a_light_and_a_dark_one() -> None:
    assert "prefers-color-scheme: dark" in report_of(SAMPLES)


def test_what_logs_say_is_text_wherever_it_stands(tmp_path: Path) -> None:
    line = answer(1, folder=MARKUP)
    line = line.replace('"claude-x"', f'"{MARKUP}"'.replace('" ', '\\" ').replace("\x1b", "\\u001b"))
    call = {"type": "tool_use", "id": "t", "name": MARKUP, "input": {}}
    write(tmp_path / "a.jsonl", line, answer(2, message={"id": "n", "model": "y", "content": [call], "usage": {}}))
    document = report_of(tmp_path, project="")
    elements = Elements(document)
    assert "script" not in elements.names
    assert "onload" not in elements.attributes
    assert "\x1b" not in document
    assert "\u202e" not in document
    assert "</title><script>" in " ".join(elements.text)


@pytest.mark.parametrize("lines", [(), (answer(1, at=None),), (answer(0), answer(0, at=None, requestId="other"))])
def test_there_is_a_report_of_little_or_nothing(tmp_path: Path, lines: tuple[str, ...]) -> None:
    write(tmp_path / "a.jsonl", *lines)
    assert report_of(tmp_path).endswith("</html>\n")
