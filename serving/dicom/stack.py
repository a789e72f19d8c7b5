"""Slices that belong to one volume: parallel, of one size, each position once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from serving.dicom.frames import Frame, Plane
from serving.dicom.instance import Instance
from serving.domain.volume import Float64

SAME_POSITION_MM = 0.05
"""Slices nearer to each other than this lie at the same position."""
_AXIAL_COSINE = 0.82
"""Normals within 35 degrees of head-foot: gantries tilt by up to 30 degrees."""
_REPEATED_SHARE = 0.1
_SAME_DIRECTION = 0.01
"""Largest difference in any component of the direction vectors: about half a degree."""
_SAME_SPACING_MM = 0.001


@dataclass(frozen=True)
class Stack:
    """Parallel slices of one series, with planes, ordered by position; repeats still in it."""

    instance: Instance
    """One instance of the series, for what all of them say alike."""
    frames: tuple[Frame, ...]

    @cached_property
    def planes(self) -> tuple[Plane, ...]:
        return tuple(frame.plane for frame in self.frames if frame.plane is not None)

    @cached_property
    def offsets_mm(self) -> Float64:
        """Distinct positions along the normal, ascending."""
        normal = self.planes[0].normal
        found = np.sort([plane.offset_mm(normal) for plane in self.planes])
        return np.asarray(found[np.concatenate(([True], np.diff(found) > SAME_POSITION_MM))])

    @property
    def axial(self) -> bool:
        return bool(abs(self.planes[0].normal[2]) > _AXIAL_COSINE)

    @property
    def spacing_mm(self) -> float:
        """Median distance between slices; the thickness of a single one, 0 where unknown."""
        if len(self.offsets_mm) > 1:
            return float(np.median(np.diff(self.offsets_mm)))
        return self.planes[0].thickness_mm or 0.0

    @property
    def thickness_mm(self) -> float:
        return self.planes[0].thickness_mm or self.spacing_mm

    @property
    def extent_mm(self) -> float:
        return float(self.offsets_mm[-1] - self.offsets_mm[0]) + self.spacing_mm


Member = tuple[Instance, Frame, Plane]


def stacks_of(instances: Iterable[Instance]) -> tuple[Stack, ...]:
    """The stacks in one series' instances: split by plane and size, then by acquisition.

    Frames without a plane are left out.
    """
    groups: list[list[Member]] = []
    for instance in instances:
        for frame in instance.frames:
            if frame.plane is not None:
                _place(groups, (instance, frame, frame.plane))
    return tuple(stack for group in groups for stack in _split(_stack(group)))


def _place(groups: list[list[Member]], member: Member) -> None:
    for group in groups:
        if _same_shape(group[0], member):
            group.append(member)
            return
    groups.append([member])


def _same_shape(one: Member, other: Member) -> bool:
    """Whether two slices can be of one volume: same size, pixel spacing and plane."""
    (_, first, a), (_, second, b) = one, other
    if (first.rows, first.columns) != (second.rows, second.columns):
        return False
    numbers_a = (*a.row_direction, *a.column_direction)
    numbers_b = (*b.row_direction, *b.column_direction)
    turned = max(abs(x - y) for x, y in zip(numbers_a, numbers_b, strict=True))
    spaced = max(
        abs(a.row_spacing_mm - b.row_spacing_mm), abs(a.column_spacing_mm - b.column_spacing_mm)
    )
    return turned < _SAME_DIRECTION and spaced < _SAME_SPACING_MM


def _stack(group: list[Member]) -> Stack:
    normal = group[0][2].normal

    def order(member: Member) -> tuple[float, int, str, int]:
        _, frame, plane = member
        return plane.offset_mm(normal), frame.instance_number, frame.sop_instance_uid, frame.index

    ordered = sorted(group, key=order)
    return Stack(ordered[0][0], tuple(frame for _, frame, _ in ordered))


_MARKS: tuple[Callable[[Frame], Hashable], ...] = (
    lambda frame: frame.repeat.acquisition,
    lambda frame: frame.repeat.phase,
    lambda frame: frame.repeat.kernel,
    lambda frame: frame.repeat.time,
)


def _split(stack: Stack) -> tuple[Stack, ...]:
    """Repeated acquisitions apart, by the first mark that leaves each position once
    and at least one part that covers half of them."""
    if not _repeats(stack):
        return (stack,)
    for mark in _MARKS:
        parts: dict[Hashable, list[Frame]] = defaultdict(list)
        for frame in stack.frames:
            parts[mark(frame)].append(frame)
        found = tuple(Stack(stack.instance, tuple(frames)) for frames in parts.values())
        whole = max(len(part.frames) for part in found) >= len(stack.offsets_mm) / 2
        if whole and not any(_repeats(part) for part in found):
            return found
    return (stack,)


def _repeats(stack: Stack) -> bool:
    distinct = {(f.sop_instance_uid, f.index) for f in stack.frames}
    return len(distinct) > (1 + _REPEATED_SHARE) * len(stack.offsets_mm)
