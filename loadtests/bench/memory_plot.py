"""The memory benchmark as a picture: resident memory over the share of the steps done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 760, 320, 60, 40, 20
COLOURS = ("#1b6ca8", "#c8553d", "#3a7d44", "#7b5ea7")
Sample = Mapping[str, float]


def write_plot(found: Mapping[str, Sequence[Sample]], path: Path) -> None:
    """Writes an SVG: a line of RSS in MiB for each part, from zero up."""
    most = 1.1 * max(sample["rss_mib"] for samples in found.values() for sample in samples)
    lines = [_axes(most)]
    for number, (name, samples) in enumerate(found.items()):
        colour = COLOURS[number % len(COLOURS)]
        lines.append(_line(samples, most, colour))
        lines.append(_text(LEFT + 10 + 170 * number, HEIGHT - 8, f"■ {name}", colour))
    body = "\n".join(lines)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="12">\n<title>RSS of a replica</title>\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n',
        "utf-8",
    )


def _line(samples: Sequence[Sample], most: float, colour: str) -> str:
    last = samples[-1]["done"]
    across = (WIDTH - LEFT - 20) / last
    points = " ".join(
        f"{LEFT + across * sample['done']:.1f},{_y(sample['rss_mib'], most):.1f}"
        for sample in samples
    )
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _axes(most: float) -> str:
    step = 10 ** (len(str(int(most))) - 1)
    marks = range(0, int(most) + 1, step)
    rules = [
        f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{_y(mark, most):.1f}" y2="{_y(mark, most):.1f}" '
        f'stroke="#ddd"/>' + _text(8, _y(mark, most) + 4, f"{mark} MiB", "#333")
        for mark in marks
    ]
    return "\n".join(rules)


def _y(value: float, most: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / most


def _text(x: float, y: float, text: str, colour: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.1f}" fill="{colour}">{text}</text>'
