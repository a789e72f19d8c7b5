"""What phantom to make: grid, orientation, lesions, how it is written. All in mm and HU, LPS."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1, le=2048)]
Point = tuple[float, float, float]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LesionKind(StrEnum):
    GROUND_GLASS = "ground glass"
    CONSOLIDATION = "consolidation"


class Encoding(StrEnum):
    """Transfer syntaxes that the installed packages can write."""

    IMPLICIT = "1.2.840.10008.1.2"
    EXPLICIT = "1.2.840.10008.1.2.1"
    DEFLATED = "1.2.840.10008.1.2.1.99"
    BIG_ENDIAN = "1.2.840.10008.1.2.2"
    RLE = "1.2.840.10008.1.2.5"
    JPEG_2000 = "1.2.840.10008.1.2.4.90"


class Position(StrEnum):
    """Patient Position (PS3.3 C.7.3.1.1.2): turns the image axes and puts the couch below."""

    HEAD_FIRST_SUPINE = "HFS"
    HEAD_FIRST_PRONE = "HFP"
    FEET_FIRST_SUPINE = "FFS"
    FEET_FIRST_PRONE = "FFP"


class LesionSpec(_Part):
    """An irregular ellipsoid, cut off where the lung ends."""

    kind: LesionKind
    centre_mm: Point
    radii_mm: tuple[Positive, Positive, Positive]
    hu: float


def _lesion(kind: LesionKind, centre_mm: Point, radii_mm: Point, hu: float) -> LesionSpec:
    return LesionSpec(kind=kind, centre_mm=centre_mm, radii_mm=radii_mm, hu=hu)


COVID_LESIONS = (
    _lesion(LesionKind.GROUND_GLASS, (-85.0, 45.0, -40.0), (26.0, 20.0, 24.0), -500.0),
    _lesion(LesionKind.GROUND_GLASS, (-106.0, 0.0, 5.0), (17.0, 22.0, 20.0), -580.0),
    _lesion(LesionKind.GROUND_GLASS, (-75.0, 20.0, 62.0), (14.0, 13.0, 14.0), -600.0),
    _lesion(LesionKind.CONSOLIDATION, (-52.0, 66.0, -8.0), (13.0, 11.0, 15.0), -20.0),
    _lesion(LesionKind.GROUND_GLASS, (88.0, 45.0, -52.0), (24.0, 22.0, 22.0), -450.0),
    _lesion(LesionKind.GROUND_GLASS, (104.0, -10.0, 20.0), (15.0, 20.0, 18.0), -560.0),
    _lesion(LesionKind.CONSOLIDATION, (62.0, 66.0, 0.0), (14.0, 12.0, 14.0), 0.0),
)
"""Peripheral, mostly low and posterior, both sides: how COVID-19 pneumonia tends to lie."""


class PhantomSpec(_Part):
    """The study that `make demo` analyses, unless other values are given."""

    slices: Count = 120
    rows: Count = 512
    columns: Count = 512
    spacing_mm: tuple[Positive, Positive, Positive] = (2.5, 0.74, 0.74)
    """(slice, row, column)."""
    seed: int = 20
    lesions: tuple[LesionSpec, ...] = COVID_LESIONS
    noise_hu: Annotated[float, Field(ge=0)] = 18.0
    vessel_levels: Annotated[int, Field(ge=0, le=9)] = 8
    """How often vessels branch; coarse grids show no more than five levels."""
    position: Position = Position.HEAD_FIRST_SUPINE
    plane: Literal["axial", "coronal", "sagittal"] = "axial"
    oblique_degrees: Annotated[float, Field(ge=-30, le=30)] = 0.0
    """All image axes turned about an axis that lies aslant in the patient."""
    tilt_degrees: Annotated[float, Field(ge=-30, le=30)] = 0.0
    """Gantry tilt: slices lean against the way of the couch; axial only."""
    reversed_numbers: bool = False
    """Instance numbers run against the position."""
    shuffled_names: bool = False
    """File names say nothing of the order."""
    encoding: Encoding = Encoding.EXPLICIT


def small_spec(seed: int = 20) -> PhantomSpec:
    """The same patient on a coarse grid of 24 slices of 64 x 64, made in a second, for tests."""
    return PhantomSpec(
        slices=24,
        rows=64,
        columns=64,
        spacing_mm=(12.0, 6.0, 6.0),
        noise_hu=5.0,
        vessel_levels=4,
        seed=seed,
    )
