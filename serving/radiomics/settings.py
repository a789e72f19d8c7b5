"""How features are extracted; one immutable record that a results table names by its digest."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Convention = Literal["ibsi", "pyradiomics"]
Family = Literal[
    "morphology",
    "local_intensity",
    "statistics",
    "histogram",
    "volume_histogram",
    "glcm",
    "glrlm",
    "glszm",
    "gldzm",
    "ngtdm",
    "ngldm",
]
ALL_FAMILIES: tuple[Family, ...] = (
    "morphology",
    "local_intensity",
    "statistics",
    "histogram",
    "volume_histogram",
    "glcm",
    "glrlm",
    "glszm",
    "gldzm",
    "ngtdm",
    "ngldm",
)
Aggregation = Literal["2D_avg", "2D_comb", "2_5D_avg", "2_5D_comb", "3D_avg", "3D_comb"]
"""As in the tags of IBSI's reference values; families without directions take what stands before
the last underscore (`2D`, `2_5D`, `3D`)."""
Positive = Annotated[float, Field(gt=0)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Interpolation(_Settings):
    """Resampling of image and mask (IBSI 2.4) to a grid aligned by its centre."""

    spacing_mm: tuple[Positive, Positive] | tuple[Positive, Positive, Positive]
    """(row, column): slice by slice, slices as they are; (slice, row, column): in 3D."""
    order: Literal[0, 1, 3] = 1
    """Of the image's spline: nearest, linear, cubic."""
    mask_order: Literal[0, 1, 3] = 1
    mask_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """A voxel is in the region from this partial volume on."""
    round_values: bool = True
    """To whole numbers, as Hounsfield units are."""


class Resegmentation(_Settings):
    """Which voxels' intensities count (IBSI 2.5)."""

    range: tuple[float, float] | None = None
    outlier_sigmas: Positive | None = None
    """Voxels beyond so many standard deviations of the mean are left out."""


class Discretisation(_Settings):
    """Grey levels of a fixed number or a fixed size (IBSI 2.7)."""

    method: Literal["fixed_bin_number", "fixed_bin_size", "none"] = "fixed_bin_size"
    """`none`: intensities are whole numbers and stand for themselves."""
    bins: Annotated[int, Field(ge=2, le=4096)] = 32
    bin_size: Positive = 25.0
    lowest: float | None = None
    """Where the first bin of a fixed size starts; None: re-segmentation's lower end, else the
    region's least intensity."""


class ExtractionSettings(_Settings):
    """Everything that the value of a feature depends on."""

    convention: Convention = "ibsi"
    interpolation: Interpolation | None = None
    resegmentation: Resegmentation = Resegmentation()
    discretisation: Discretisation = Discretisation()
    volume_histogram: Discretisation = Discretisation(method="none")
    """Of the intensity-volume histogram alone (IBSI 3.5)."""
    families: tuple[Family, ...] = ALL_FAMILIES
    aggregations: tuple[Aggregation, ...] = ("3D_avg", "3D_comb")
    filters: tuple[str, ...] = ()
    """Names of `serving.radiomics.filters`, such as `log_sigma_2.0mm` or `wavelet_coif1`."""

    @property
    def digest(self) -> str:
        """SHA-256 of the settings in force, hex."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
