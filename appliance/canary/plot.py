"""The agreement of two releases as drawings: studies by number, nothing of a patient."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from appliance.canary.pair import Pair
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
from serving.domain.agreement import FindingsAgreement

_LEFT, _RIGHT, _TOP = 70, 690, 24
_HEIGHT = 260
_MOST = 200
"""Studies drawn, the newest ones; the table counts them all."""

_SAME, _CHANGED = "v1", "v2"
"""Styles of the dots: severity as it was, severity changed."""

STYLES = ("grid", "zero", "least", "tick", _SAME, _CHANGED)
"""Classes that a page which shows the drawings has to give colours to."""

_PLOT = '{% from "drawing.svg.j2" import plot %}{{ plot(drawn, name) }}'


def dice_plot(pairs: Sequence[Pair]) -> Drawing | None:
    """A dot a study, in order of arrival, its height the Dice; None where nothing was compared."""
    found = _compared(pairs)
    if not found:
        return None
    studies, scale = Axis(0, len(found) + 1, _LEFT, _RIGHT), Axis(0, 1, _TOP + _HEIGHT, _TOP)
    shapes = _levels(scale, "Dice")
    shapes += [
        Dot(studies.at(n), scale.at(each.dice), _style(each)) for n, each in enumerate(found, 1)
    ]
    shapes.append(
        Text(_RIGHT, _TOP + _HEIGHT + 20, "studies, the newest on the right", "tick", "end")
    )
    told = "Dice of each study: " + ", ".join(f"{each.dice:.2f}" for each in found)
    return drawing("Dice by study", told, _TOP + _HEIGHT + 34, shapes)


def volume_plot(pairs: Sequence[Pair]) -> Drawing | None:
    """Lesion volume under the candidate over that under the baseline; on the line both agree."""
    found = _compared(pairs)
    if not found:
        return None
    volumes = [ml for each in found for ml in (each.volume_a_ml, each.volume_b_ml)]
    across = axis_over(volumes, _LEFT, _RIGHT)
    up = Axis(across.low, across.high, _TOP + _HEIGHT, _TOP)
    shapes = scale_shapes(across, _TOP, _TOP + _HEIGHT, f"ml, {_name(pairs[-1].baseline.release)}")
    shapes += _levels(up, f"ml, {_name(pairs[-1].candidate.release)}")
    shapes.append(Line(_LEFT, _TOP + _HEIGHT, _RIGHT, _TOP, "least"))
    shapes += [
        Dot(across.at(each.volume_a_ml), up.at(each.volume_b_ml), _style(each)) for each in found
    ]
    told = "Lesion volume of each study in ml, baseline and candidate: " + ", ".join(
        f"{each.volume_a_ml:.1f} and {each.volume_b_ml:.1f}" for each in found
    )
    return drawing("Lesion volume, candidate over baseline", told, _TOP + _HEIGHT + 44, shapes)


def agreement_svgs(pairs: Sequence[Pair]) -> tuple[Markup, ...]:
    """Both drawings as `<svg>` elements for a page with the classes `STYLES`; none where nothing
    was compared."""
    drawn = {"agreement-dice": dice_plot(pairs), "agreement-volume": volume_plot(pairs)}
    plot = _environment().from_string(_PLOT)
    return tuple(Markup(plot.render(drawn=each, name=name)) for name, each in drawn.items() if each)


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("provisioning.card", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _compared(pairs: Sequence[Pair]) -> list[FindingsAgreement]:
    return [pair.agreement for pair in pairs if pair.agreement][-_MOST:]


def _levels(axis: Axis, unit: str) -> list[Shape]:
    """Horizontal grid lines with their values on the left, and the unit above."""
    shapes: list[Shape] = [Text(_LEFT, _TOP - 10, unit, "tick")]
    for value in axis.ticks():
        y = axis.at(value)
        shapes.append(Line(_LEFT, y, _RIGHT, y, "zero" if value == 0 else "grid"))
        shapes.append(Text(_LEFT - 8, y + 4, f"{value:g}", "tick", "end"))
    return shapes


def _style(each: FindingsAgreement) -> str:
    return _CHANGED if each.severity_changed else _SAME


def _name(release: str) -> str:
    return shortened(release)
