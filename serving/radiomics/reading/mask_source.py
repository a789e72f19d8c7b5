"""What every kind of mask file offers: named, numbered regions that can be put on a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from serving.domain.errors import InvalidRequest
from serving.domain.volume import Geometry
from serving.radiomics.imaging.image import Mask


@dataclass(frozen=True, slots=True)
class Entry:
    """A region as a mask file lists it.

    `number` is the ROI Number of an RTSTRUCT, the Segment Number of a SEG, the value of a label
    map. `name` is the client's own text: for results, never for logs and errors.
    """

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class PlacedMask:
    """A region on the grid of an image, bool (slices, rows, columns)."""

    mask: Mask
    notices: tuple[str, ...] = ()


class MaskSource(Protocol):
    """A mask file, read and not yet placed."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All regions, in the order of the file."""
        ...

    def place(self, entry: Entry, image: Geometry) -> PlacedMask:
        """The region on the grid of `image`. Raises InvalidRequest where it does not fit."""
        ...


def placed_mask(mask: Mask, lost: int) -> PlacedMask:
    """`mask` with a notice where `lost` voxels of it fell outside the image.

    Raises InvalidRequest where all of them did.
    """
    if not lost:
        return PlacedMask(mask)
    if not mask.any():
        raise outside_the_image()
    notice = f"{lost} voxels of the mask lie outside the image and were left out."
    return PlacedMask(mask, (notice,))


def outside_the_image() -> InvalidRequest:
    return InvalidRequest(
        "the mask lies outside the image: no part of the region is on it; give the image on which "
        "it was drawn"
    )
