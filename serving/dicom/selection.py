"""The choice of the series to analyse: the axial chest series with the thinnest slices.

In this order: axial before other planes; not plainly another part of the body; long enough (a
thin slab of three slices never wins over a full series); as acquired before derived; then the
thinnest, where a slice counts as thick as the larger of its thickness and the distance to the
next one (thin slices with wide gaps see little). Between equals: more slices, then the smoother
kernel, since edge enhancement moves HU and adds noise, then series number and UID.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serving.dicom import refusals
from serving.dicom.body_part import shows_chest
from serving.dicom.kernel import is_sharp
from serving.dicom.series import Rejected, name_of
from serving.dicom.stack import Stack
from serving.domain.study import Notice, SeriesChoice

_LUNG_HEIGHT_MM = 250.0
_ENOUGH_COVERAGE = 0.8
_THICKNESS_STEP_MM = 0.05


@dataclass(frozen=True, slots=True)
class Selection:
    """The stack chosen, the words for the report, and what must be said about it."""

    stack: Stack
    choice: SeriesChoice
    notices: tuple[Notice, ...]


def select(stacks: Sequence[Stack], rejected: Sequence[Rejected]) -> Selection:
    """The best of `stacks`. Raises UnsupportedImage where there is none."""
    if not stacks:
        reasons = sorted({entry.reason for entry in rejected})
        raise refusals.no_usable_series("; ".join(reasons) or "it is empty")
    longest = max(stack.extent_mm for stack in stacks if stack.axial == _any_axial(stacks))
    enough = _ENOUGH_COVERAGE * min(longest, _LUNG_HEIGHT_MM)
    ranked = sorted(stacks, key=lambda stack: _rank(stack, enough))
    best, others = ranked[0], ranked[1:]
    considered = [_why_not(stack, best, enough) for stack in others]
    considered += [f"{entry.name}: {entry.reason}" for entry in rejected]
    choice = SeriesChoice(
        series_instance_uid=best.instance.series_instance_uid,
        description=best.instance.description,
        reason=_reason(best, others),
        considered=tuple(considered),
    )
    return Selection(best, choice, _notices(best))


def _any_axial(stacks: Sequence[Stack]) -> bool:
    return any(stack.axial for stack in stacks)


def _slice_mm(stack: Stack) -> float:
    """What a slice counts as: its thickness or the distance to the next, the larger."""
    return max(stack.spacing_mm, stack.thickness_mm)


def _derived(stack: Stack) -> bool:
    return "ORIGINAL" not in stack.frames[0].image_type[:1]


def _rank(stack: Stack, enough_mm: float) -> tuple[object, ...]:
    """Sorts the best first."""
    return (
        not stack.axial,
        shows_chest(stack.instance) is False,
        stack.extent_mm < enough_mm,
        _derived(stack),
        round(_slice_mm(stack) / _THICKNESS_STEP_MM),
        -len(stack.offsets_mm),
        is_sharp(stack.frames[0].repeat.kernel),
        stack.instance.series_number,
        stack.instance.series_instance_uid,
        stack.frames[0].repeat.acquisition,
        stack.frames[0].repeat.phase,
        stack.frames[0].sop_instance_uid,
    )


def _describe(stack: Stack) -> str:
    count = len(stack.offsets_mm)
    noun = "slice" if count == 1 else "slices"
    return f"{count} {noun} of {_slice_mm(stack):.2f} mm over {stack.extent_mm:.0f} mm"


def _reason(best: Stack, others: Sequence[Stack]) -> str:
    if not others:
        return f"the only series with usable CT slices: {_describe(best)}"
    if not best.axial:
        return f"no axial series came; the best of the others: {_describe(best)}"
    return f"the axial series with the thinnest slices and enough coverage: {_describe(best)}"


def _why_not(stack: Stack, best: Stack, enough_mm: float) -> str:
    what = f"{name_of(stack.instance)}, {_describe(stack)}"
    if best.axial and not stack.axial:
        return f"{what}: not axial"
    if shows_chest(stack.instance) is False and shows_chest(best.instance) is not False:
        return f"{what}: another part of the body"
    if stack.extent_mm < enough_mm <= best.extent_mm:
        return f"{what}: covers too little"
    if _derived(stack) and not _derived(best):
        return f"{what}: derived from other images"
    if _slice_mm(stack) - _slice_mm(best) >= _THICKNESS_STEP_MM:
        return f"{what}: thicker slices"
    if stack.instance.series_instance_uid == best.instance.series_instance_uid:
        return f"{what}: another acquisition in the same series"
    return f"{what}: no better than the one chosen"


def _notices(best: Stack) -> tuple[Notice, ...]:
    found: list[Notice] = []
    if not best.axial:
        found.append(
            Notice("not_axial", "No axial series came; slices of another plane were analysed.")
        )
    if shows_chest(best.instance) is False:
        found.append(Notice("body_part", "The images say that they show another part of the body."))
    if best.spacing_mm > 1.5 * best.thickness_mm:
        found.append(
            Notice(
                "gaps_between_slices",
                f"Slices of {best.thickness_mm:.2f} mm lie {best.spacing_mm:.2f} mm apart; "
                "what lies between them was not seen.",
            )
        )
    return tuple(found)
