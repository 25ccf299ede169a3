"""Plots as inline SVG: marks and words, no script, colours by the page's own."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from anvil_serving.layout import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["WIDTH", "bars", "columns", "curves", "heat", "said"]

WIDTH: Final = 720
"""Units of a plot; the page scales it."""

_HEIGHT: Final = 200
_LEFT, _BOTTOM, _TOP = 64, 24, 10
_MOST_LABELS: Final = 8


def said(text: str) -> str:
    """Text that is no markup, in an attribute neither, and turns no direction."""
    return escape(printable(text))


def columns(
    labels: Sequence[str], series: Sequence[tuple[str, Sequence[float]]], told: Callable[[float], str], title: str
) -> str:
    """Stacked columns, one a label; the series are drawn in the page's colours `s0`, `s1`, ..."""
    totals = [sum(values[place] for _, values in series) for place in range(len(labels))]
    most = max(totals, default=0) or 1
    width = (WIDTH - _LEFT) / max(1, len(labels))
    marks: list[str] = []
    for place, label in enumerate(labels):
        top = float(_HEIGHT - _BOTTOM)
        parts = "; ".join(f"{name} {told(values[place])}" for name, values in series)
        marks.append(f"<g><title>{said(f'{label}: {parts}')}</title>")
        for number, (_, values) in enumerate(series):
            height = values[place] / most * (_HEIGHT - _BOTTOM - _TOP)
            top -= height
            left = _LEFT + place * width
            marks.append(f'<rect class="s{number}" {_box(left, top, max(width * 0.85, 0.5), height)}/>')
        marks.append("</g>")
    step = max(1, -(-len(labels) // _MOST_LABELS))
    words = [
        _word(_LEFT + (place + 0.4) * width, _HEIGHT - 6, label, "middle")
        for place, label in enumerate(labels)
        if place % step == 0
    ]
    return _plot(_HEIGHT, title, [*_scale(most, told), *marks, *words])


def curves(series: Sequence[tuple[str, Sequence[float]]], told: Callable[[float], str], title: str) -> str:
    """Percentiles, each series' as a curve, from the least to the 99th: the last hundredth would dwarf the rest."""
    most = max((values[99] for _, values in series), default=0) or 1.0
    wide, high = WIDTH - _LEFT - 24, _HEIGHT - _BOTTOM - _TOP
    marks = []
    for number, (name, values) in enumerate(series):
        points = " ".join(
            f"{_LEFT + wide * percent / 100:.1f},{_TOP + high * (1 - value / most):.1f}"
            for percent, value in enumerate(values[:100])
        )
        marks.append(f'<polyline class="l{number}" points="{points}"><title>{said(name)}</title></polyline>')
    words = [
        _word(_LEFT + wide * percent / 100, _HEIGHT - 6, f"{percent} %", "middle") for percent in range(0, 101, 10)
    ]
    return _plot(_HEIGHT, title, [*_scale(most, told), *marks, *words])


def bars(rows: Sequence[tuple[str, float, str]], title: str, *, most: float | None = None) -> str:
    """Lying bars: a label, a length and what is written at its end. `most` is the length of a full one."""
    full = most or max((value for _, value, _ in rows), default=0) or 1
    left, height = 230, 22
    marks = []
    for place, (label, value, note) in enumerate(rows):
        top = place * height
        long = max(0.0, value / full * (WIDTH - left - 150))
        marks.append(_word(left - 8, top + 15, _short(label), "end", whole=label))
        marks.append(f'<rect class="s0" {_box(left, top + 4, long, height - 8)}/>')
        marks.append(_word(left + long + 6, top + 15, note, "start"))
    return _plot(max(1, len(rows)) * height, title, marks)


def heat(rows: Sequence[tuple[str, Sequence[int]]], title: str) -> str:
    """Squares, darker where there is more: a row a label, a column an hour."""
    most = max((number for _, numbers in rows for number in numbers), default=0) or 1
    side, left = 26, 56
    marks = []
    for place, (label, numbers) in enumerate(rows):
        marks.append(_word(left - 8, place * side + 17, label, "end"))
        for hour, number in enumerate(numbers):
            hint = f"<title>{said(f'{label} {hour:02}:00: {number:,}')}</title>"
            box = _box(left + hour * side, place * side, side - 2, side - 2)
            marks.append(f'<rect class="s0" {box} opacity="{0.06 + 0.94 * number / most:.2f}">{hint}</rect>')
    words = [_word(left + (hour + 0.5) * side, len(rows) * side + 14, str(hour), "middle") for hour in range(0, 24, 3)]
    return _plot(len(rows) * side + 20, title, [*marks, *words])


def _scale(most: float, told: Callable[[float], str]) -> list[str]:
    """Lines at a quarter, a half, three and all of the height."""
    marks = []
    for quarter in range(5):
        top = _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * quarter / 4
        marks.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH}" y1="{top:.1f}" y2="{top:.1f}"/>')
        marks.append(_word(_LEFT - 6, top + 4, told(most * quarter / 4), "end"))
    return marks


def _plot(height: float, title: str, marks: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{said(title)}">{"".join(marks)}</svg>'


def _box(left: float, top: float, width: float, height: float) -> str:
    return f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{max(height, 0):.1f}"'


def _word(left: float, top: float, text: str, anchor: str, *, whole: str | None = None) -> str:
    hint = "" if whole is None or whole == text else f"<title>{said(whole)}</title>"
    return f'<text x="{left:.1f}" y="{top:.1f}" text-anchor="{anchor}">{hint}{said(text)}</text>'


def _short(text: str) -> str:
    """The end of a path says more than its beginning."""
    return text if len(text) <= 32 else f"…{text[-31:]}"
