"""How plots look and how they come into the page: SVG pictures inside URIs."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

INK, SOFT, LINE = "#16202a", "#52606d", "#d5dce3"
MODEL, OTHER = "#b34700", "#1f6fa5"
_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "text.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.hashsalt": "aibox",
}


def plot(width: float = 4.6, height: float = 3.9) -> tuple[Figure, Axes]:
    """An empty plot in inches; no state is shared with other plots."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        return figure, figure.add_subplot()


def share_axes(axes: Axes, x: str, y: str) -> None:
    """Both axes from 0 to 1, in equal scale."""
    axes.set(xlabel=x, ylabel=y, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")


def legend(axes: Axes, where: str = "best") -> None:
    axes.legend(loc=where, frameon=False, fontsize=8.5)


def uri(figure: Figure) -> str:
    """The figure as an SVG inside a URI; the same figure gives the same text."""
    buffer = io.BytesIO()
    with mpl.rc_context(_STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def shortened(names: Iterable[str], most: int = 46) -> list[str]:
    """Names that fit beside bars: the middle of long ones is left out."""
    half = (most - 1) // 2
    return [n if len(n) <= most else f"{n[:half]}…{n[-half:]}" for n in names]
