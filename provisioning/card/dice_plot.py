"""The plot of every patient's Dice under every variant."""

from __future__ import annotations

from provisioning.card.axis import Axis
from provisioning.card.drawing import (
    Box,
    Drawing,
    Shape,
    Text,
    drawing,
    scale_shapes,
    shortened,
    variant_style,
)
from provisioning.card.patients import PatientScore, PatientScores

_LEFT, _RIGHT = 250, 690
_TOP, _BAR, _AIR = 34, 7, 10
_MOST = 60
"""Patients drawn; the table beside the plot has all of them."""

_ROLES = {"train": "trained on", "validate": "chose step", "test": "new to it"}


def dice_plot(scores: PatientScores, variants: list[str]) -> Drawing | None:
    """One group of bars a patient, one bar a variant of `variants`; None without a score."""
    groups = _groups(scores, variants)
    if not groups:
        return None
    step = _BAR * len(variants) + _AIR
    bottom = _TOP + step * len(groups)
    axis = Axis(0.0, 1.0, _LEFT, _RIGHT)
    shapes = scale_shapes(axis, _TOP - 6, bottom, "Dice, pooled over all slices of the patient")
    shapes += _key(variants)
    for row, group in enumerate(groups):
        shapes += _group(group, variants, axis, _TOP + step * row + _AIR / 2)
    told = "; ".join(
        f"{p.patient} under {p.variant}: {p.dice:.3f}" for group in groups for p in group
    )
    return drawing("Dice by patient", told, bottom + 40, shapes)


def _groups(scores: PatientScores, variants: list[str]) -> list[list[PatientScore]]:
    groups = (
        [each for name, each in rows.items() if name in variants]
        for rows in scores.by_patient().values()
    )
    return [group for group in groups if group][:_MOST]


def _key(variants: list[str]) -> list[Shape]:
    shapes: list[Shape] = []
    for index, name in enumerate(variants):
        x = _LEFT + index * 110
        shapes.append(Box(x, 6, 12, 12, variant_style(index)))
        shapes.append(Text(x + 18, 16, shortened(name), "tick"))
    return shapes


def _group(group: list[PatientScore], variants: list[str], axis: Axis, top: float) -> list[Shape]:
    first = group[0]
    middle = top + _BAR * len(variants) / 2
    name = shortened(f"{first.patient}, {_ROLES.get(first.role, first.role)}")
    style = "value" if first.role == "test" else ""
    shapes: list[Shape] = [Text(_LEFT - 12, middle + 4, name, style, "end")]
    for each in group:
        index = variants.index(each.variant)
        y = top + _BAR * index
        width = axis.at(each.dice) - _LEFT
        shapes.append(Box(_LEFT, y, width, _BAR - 1, variant_style(index)))
    shapes.append(Text(axis.at(first.dice) + 8, middle + 4, f"{first.dice:.3f}", style))
    return shapes
