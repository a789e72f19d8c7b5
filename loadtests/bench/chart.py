"""Grouped bar charts as SVG, written by hand: no library needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, PANEL_HEIGHT = 1080.0, 340.0
LEFT, RIGHT, TOP, BASE = 56.0, 16.0, 74.0, 56.0
"""Margins of a panel: axis labels, edge, title with legend, group names with notes."""
_GROUP_GAP = 0.22
"""Of a group's width, left empty beside its bars."""
_WIDE_BAR = 26.0
"""From this width on a bar has room for two decimals."""
_STEPS = (0.5, 1.0, 2.0, 5.0, 10.0)
_INK, _GRID, _PAPER = "#1f2933", "#d9dee5", "#ffffff"
_FONT = "font-family='system-ui, sans-serif'"


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of bars."""

    name: str
    colour: str


@dataclass(frozen=True, slots=True)
class Group:
    """Bars that stand together, one for each series; None leaves a bar out.

    `apart` draws them pale and dashed: figures that are context and were not measured here.
    """

    name: str
    values: Sequence[float | None]
    note: str = ""
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart; the axis starts at 0."""

    title: str
    series: Sequence[Series]
    groups: Sequence[Group]


def draw(panels: Sequence[Panel], footnotes: Sequence[str] = ()) -> str:
    """An SVG document of the panels, one below the other, and lines of small print."""
    height = len(panels) * PANEL_HEIGHT + 18.0 * len(footnotes) + 16.0
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH:g} {height:g}' "
        f"width='{WIDTH:g}' height='{height:g}' role='img' {_FONT}>",
        f"<rect width='100%' height='100%' fill='{_PAPER}'/>",
    ]
    for index, panel in enumerate(panels):
        parts += [f"<g transform='translate(0 {index * PANEL_HEIGHT:g})'>", *_panel(panel), "</g>"]
    for index, line in enumerate(footnotes):
        y = len(panels) * PANEL_HEIGHT + 18.0 * (index + 1)
        parts.append(_text(LEFT, y, line, size=12, anchor="start"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(panel: Panel) -> list[str]:
    top = axis_top([value for group in panel.groups for value in group.values])
    parts = [_text(LEFT, 24, panel.title, size=16, anchor="start", bold=True)]
    parts += [*_legend(panel.series), *_axis(top)]
    width = (WIDTH - LEFT - RIGHT) / max(len(panel.groups), 1)
    for index, group in enumerate(panel.groups):
        parts += _group(group, panel.series, LEFT + index * width, width, top)
    return parts


def _legend(series: Sequence[Series]) -> list[str]:
    parts, x = [], LEFT
    for one in series:
        parts.append(f"<rect x='{x:g}' y='40' width='12' height='12' fill='{one.colour}'/>")
        parts.append(_text(x + 17, 51, one.name, size=13, anchor="start"))
        x += 34 + 7.4 * len(one.name)
    return parts


def axis_top(values: Sequence[float | None]) -> float:
    """The end of the axis: a whole number of steps at or above the tallest bar."""
    tallest = max((value for value in values if value is not None), default=1.0)
    step = _step(tallest)
    return step * -(-tallest // step)


def _step(tallest: float) -> float:
    return next((step for step in _STEPS if tallest / step <= 7), _STEPS[-1])


def _axis(top: float) -> list[str]:
    parts, step, mark = [], _step(top), 0.0
    while mark <= top + 1e-9:
        y = _y(mark, top)
        parts.append(
            f"<line x1='{LEFT:g}' x2='{WIDTH - RIGHT:g}' y1='{y:.1f}' y2='{y:.1f}' "
            f"stroke='{_INK if mark == 0 else _GRID}'/>"
        )
        parts.append(_text(LEFT - 8, y + 4, f"{mark:g}x", size=12, anchor="end"))
        mark += step
    return parts


def _group(
    group: Group, series: Sequence[Series], left: float, width: float, top: float
) -> list[str]:
    middle = left + width / 2
    parts = [_text(middle, PANEL_HEIGHT - BASE + 20, group.name, size=13, bold=True)]
    if group.note:
        parts.append(_text(middle, PANEL_HEIGHT - BASE + 37, group.note, size=11))
    bar = width * (1 - _GROUP_GAP) / len(series)
    x = left + width * _GROUP_GAP / 2
    for one, value in zip(series, group.values, strict=True):
        if value is not None:
            parts += _bar(x, bar, value, top, one.colour, group.apart)
        x += bar
    return parts


def _bar(x: float, width: float, value: float, top: float, colour: str, apart: bool) -> list[str]:
    y, base = _y(value, top), _y(0.0, top)
    look = f"fill='{colour}'"
    if apart:
        look = f"fill='{colour}' fill-opacity='0.25' stroke='{colour}' stroke-dasharray='4 3'"
    shape = f"<rect x='{x + 1:.1f}' y='{y:.1f}' width='{width - 2:.1f}' height='{base - y:.1f}' "
    short = value >= 10 or (width < _WIDE_BAR and not apart)
    label = f"{value:.1f}" if short else f"{value:.2f}"
    return [f"{shape}{look}/>", _text(x + width / 2, y - 4, label, size=10)]


def _y(value: float, top: float) -> float:
    span = PANEL_HEIGHT - TOP - BASE
    return TOP + span * (1 - value / top)


def _text(
    x: float, y: float, text: str, *, size: int, anchor: str = "middle", bold: bool = False
) -> str:
    weight = " font-weight='600'" if bold else ""
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' text-anchor='{anchor}' "
        f"fill='{_INK}'{weight}>{escape(text)}</text>"
    )
