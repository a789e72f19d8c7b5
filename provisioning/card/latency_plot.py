"""The plot of how long one inference takes under each variant."""

from __future__ import annotations

from provisioning.card.axis import axis_over
from provisioning.card.drawing import (
    Box,
    Drawing,
    Line,
    Shape,
    Text,
    drawing,
    scale_shapes,
    shortened,
    variant_style,
)
from provisioning.card.variant_facts import REFERENCE_VARIANT, VariantFacts
from provisioning.card.wording import milliseconds

_LEFT, _RIGHT = 150, 560
_ROW, _TOP, _BAR = 34, 26, 20


def latency_plot(variants: tuple[VariantFacts, ...]) -> Drawing | None:
    """One bar a timed variant, its length the median; None where none was timed."""
    timed = [(index, each) for index, each in enumerate(variants) if each.timed]
    if not timed:
        return None
    medians = [each.median_ms for _, each in timed]
    axis = axis_over(medians, _LEFT, _RIGHT)
    bottom = _TOP + _ROW * len(timed)
    shapes = scale_shapes(axis, _TOP - 6, bottom, "milliseconds, one inference at a time")
    shapes.append(Text(_LEFT, 12, "bar: median · dark line: minimum", "tick"))
    for row, (index, each) in enumerate(timed):
        y = _TOP + _ROW * (row + 0.5)
        end, minimum = axis.at(each.median_ms), axis.at(each.minimum_ms)
        shapes += _bar(each, variant_style(index), y, end, minimum)
    told = "; ".join(f"{each.name}: median {milliseconds(each.median_ms)}" for _, each in timed)
    return drawing("Latency of each variant", told, bottom + 40, shapes)


def _bar(each: VariantFacts, style: str, y: float, end: float, minimum: float) -> list[Shape]:
    half = _BAR / 2
    text = milliseconds(each.median_ms)
    if each.times_faster is not None and each.name != REFERENCE_VARIANT:
        text += f" · {each.times_faster:.2f}x FP32"
    return [
        Text(_LEFT - 12, y + 4, shortened(each.name), "", "end"),
        Box(_LEFT, y - half, end - _LEFT, _BAR, style),
        Line(minimum, y - half, minimum, y + half, "least"),
        Text(end + 8, y + 4, text, "value"),
    ]
