"""The plot of what each variant lost against FP32, beside the limit of its gate."""

from __future__ import annotations

import math
from dataclasses import dataclass

from provisioning.card.axis import Axis, axis_over
from provisioning.card.drawing import (
    Dot,
    Drawing,
    Line,
    Shape,
    Text,
    drawing,
    scale_shapes,
    shortened,
)
from provisioning.card.wording import metric_title, points
from serving.domain.provenance import AccuracyGate

_LEFT, _RIGHT = 220, 560
_ROW, _TOP = 30, 26
_FURTHEST_LIMITS = 4.0
"""Losses beyond this many limits are drawn at the edge: their figure stands beside them."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A gate and what it judged: a variant, or a rung that was not kept."""

    label: str
    gate: AccuracyGate


def drop_plot(judged: list[Judged]) -> Drawing | None:
    """One row a gate: the drop, its upper 95 % bound and the limit; None without a gate."""
    if not judged:
        return None
    axis = _axis([each.gate for each in judged])
    bottom = _TOP + _ROW * len(judged)
    shapes = scale_shapes(axis, _TOP - 6, bottom, "points lost against FP32")
    for row, each in enumerate(judged):
        shapes += _row(each, axis, _TOP + _ROW * (row + 0.5))
    shapes.append(Text(_LEFT, 12, "dot: drop · bar's end: upper 95 % bound · red: limit", "tick"))
    told = "; ".join(_told(each) for each in judged)
    return drawing("Accuracy lost by each variant", told, bottom + 40, shapes)


def _axis(gates: list[AccuracyGate]) -> Axis:
    furthest = _FURTHEST_LIMITS * max(gate.limit_points for gate in gates)
    values = [v for g in gates for v in (g.drop_points, g.upper_points) if math.isfinite(v)]
    held = [min(max(value, -furthest), furthest) for value in values]
    return axis_over([*held, *(gate.limit_points for gate in gates)], _LEFT, _RIGHT)


def _row(each: Judged, axis: Axis, y: float) -> list[Shape]:
    gate = each.gate
    style = "holds" if gate.holds else "refused"
    limit = axis.at(gate.limit_points)
    shapes: list[Shape] = [
        Text(
            _LEFT - 12, y + 4, shortened(f"{each.label} · {metric_title(gate.metric)}"), "", "end"
        ),
        Line(limit, y - _ROW / 2, limit, y + _ROW / 2, "limit"),
    ]
    if math.isfinite(gate.drop_points) and math.isfinite(gate.upper_points):
        start, end = axis.at(gate.drop_points), axis.at(gate.upper_points)
        shapes += [
            Line(start, y, end, y, style),
            Line(end, y - 6, end, y + 6, style),
            Dot(start, y, style),
        ]
    beside = f"{points(gate.drop_points)}, bound {points(gate.upper_points)}"
    shapes.append(Text(_RIGHT + 12, y + 4, beside, "value"))
    return shapes


def _told(each: Judged) -> str:
    gate = each.gate
    return (
        f"{each.label}: {metric_title(gate.metric)} drops by {points(gate.drop_points)} points, "
        f"bound {points(gate.upper_points)}, limit {points(gate.limit_points)}"
    )
