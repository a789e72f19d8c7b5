"""What a plot is made of, in its own user units; `templates/drawing.svg.j2` writes it out."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.card.axis import Axis

WIDTH = 760
LONGEST_LABEL = 32


@dataclass(frozen=True, slots=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float
    style: str


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    style: str


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    style: str


@dataclass(frozen=True, slots=True)
class Text:
    x: float
    y: float
    text: str
    style: str
    anchor: str = "start"


Shape = Line | Box | Dot | Text


@dataclass(frozen=True, slots=True)
class Drawing:
    """One plot; `description` says the same in words."""

    title: str
    description: str
    height: int
    lines: tuple[Line, ...]
    boxes: tuple[Box, ...]
    dots: tuple[Dot, ...]
    texts: tuple[Text, ...]
    width: int = WIDTH


def drawing(title: str, description: str, height: int, shapes: list[Shape]) -> Drawing:
    """A plot of those shapes: boxes over the grid, lines over boxes, dots over lines."""
    return Drawing(
        title=title,
        description=description,
        height=height,
        lines=tuple(s for s in shapes if isinstance(s, Line)),
        boxes=tuple(s for s in shapes if isinstance(s, Box)),
        dots=tuple(s for s in shapes if isinstance(s, Dot)),
        texts=tuple(s for s in shapes if isinstance(s, Text)),
    )


def scale_shapes(axis: Axis, top: float, bottom: float, unit: str) -> list[Shape]:
    """Vertical grid lines with their values below, and the unit under the axis' end."""
    shapes: list[Shape] = []
    for value in axis.ticks():
        x = axis.at(value)
        shapes.append(Line(x, top, x, bottom, "zero" if value == 0 else "grid"))
        shapes.append(Text(x, bottom + 16, f"{value:g}", "tick", "middle"))
    shapes.append(Text(axis.right, bottom + 34, unit, "tick", "end"))
    return shapes


def shortened(label: str) -> str:
    """A label that fits beside a plot."""
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"


def variant_style(index: int) -> str:
    """The colour class of a model's variant number `index`, from 0; five, then again."""
    return f"v{index % 5}"
