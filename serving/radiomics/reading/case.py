"""One case read: an image and the regions of a mask on its grid."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serving.dicom import refusals
from serving.dicom.settings import DicomSettings
from serving.domain.errors import UnsupportedImage
from serving.domain.volume import Float64, Geometry
from serving.radiomics.imaging.image import Case, Image, Mask, Roi
from serving.radiomics.reading.image_file import look_at_image
from serving.radiomics.reading.mask_file import open_mask
from serving.radiomics.reading.mask_source import Entry, MaskSource
from serving.radiomics.reading.references import reference_notices, referenced_series
from serving.radiomics.reading.region_check import region_notices, require_region
from serving.radiomics.reading.roi_selection import RoiSelection

_NO_LIMITS = DicomSettings()
_ALL_ROIS = RoiSelection()


@dataclass(frozen=True, slots=True)
class OpenCase:
    """An image with the regions asked for, which are put on its grid one by one.

    So a hundred regions take the memory of one.
    """

    image: Image
    modality: str
    entries: tuple[Entry, ...]
    notices: tuple[str, ...]
    _grid: Geometry
    _source: MaskSource
    _holes: Mask | None
    """Voxels whose intensity was not finite; None where there is none."""

    def roi(self, entry: Entry) -> tuple[Roi, tuple[str, ...]]:
        """The region and what is odd about it.

        Raises InvalidRequest: another grid, outside the image, empty, a single voxel.
        UnsupportedImage: intensities in it that are not finite.
        """
        placed = self._source.place(entry, self._grid)
        require_region(placed.mask, self._holes)
        return Roi(entry.name, placed.mask), (*placed.notices, *region_notices(placed.mask))


def open_case(
    image: Path,
    mask: Path | None,
    rois: RoiSelection = _ALL_ROIS,
    settings: DicomSettings = _NO_LIMITS,
) -> OpenCase:
    """Reads image and mask; the regions are placed when they are asked for.

    `image` is a DICOM folder, or a DICOM, NIfTI or NRRD file. `mask` is RTSTRUCT, DICOM SEG, or a
    label map in NIfTI or NRRD; None where it lies in the image's own folder. Raises
    InvalidRequest and UnsupportedImage, each with a sentence for whoever gave the files.
    """
    looked = look_at_image(image, settings)
    drawn = open_mask(mask, looked.dicom, settings)
    entries = rois.choose(drawn.source.entries)
    referenced = referenced_series(drawn.header) if drawn.header else frozenset[str]()
    scan = looked.read(referenced, settings)
    about_mask = reference_notices(drawn.header, scan) if drawn.header else ()
    values, holes, about_values = _finite(scan.values)
    return OpenCase(
        image=Image(values, scan.grid.affine_lps),
        modality=scan.modality,
        entries=entries,
        notices=(*scan.notices, *about_mask, *about_values),
        _grid=scan.grid,
        _source=drawn.source,
        _holes=holes,
    )


def read_case(
    image: Path,
    mask: Path | None,
    rois: RoiSelection = _ALL_ROIS,
    settings: DicomSettings = _NO_LIMITS,
) -> Case:
    """As `open_case`, with all regions placed: one array of the image's size each.

    Raises what `OpenCase.roi` raises for the first region that cannot be measured, and
    UnsupportedImage where the masks together are too large.
    """
    opened = open_case(image, mask, rois, settings)
    limit = settings.max_decoded_bytes
    found = len(opened.entries) * prod(opened.image.values.shape)
    if found > limit:
        raise refusals.too_large("bytes of all masks of a case", limit, found)
    placed = [opened.roi(entry) for entry in opened.entries]
    notices = [notice for _, about in placed for notice in about]
    return Case(
        image=opened.image,
        rois=tuple(roi for roi, _ in placed),
        modality=opened.modality,
        notices=tuple(dict.fromkeys((*opened.notices, *notices))),
    )


def _finite(values: NDArray[np.generic]) -> tuple[Float64, Mask | None, tuple[str, ...]]:
    """float64 voxels, those that are not finite, and what to say of them.

    They take the least finite intensity, so that they do not spread through interpolation.
    """
    found = np.ascontiguousarray(values, dtype=np.float64)
    if np.isfinite(found.sum()):
        return found, None, ()
    holes = ~np.isfinite(found)
    count = int(np.count_nonzero(holes))
    if not count:  # the sum alone overflowed
        return found, None, ()
    if count == found.size:
        raise UnsupportedImage(
            "no voxel of the image holds a finite intensity (NaN or infinite); export it again"
        )
    found = np.where(holes, found[~holes].min(), found)
    notice = f"{count} voxels of the image hold no finite intensity; the least one was taken."
    return found, holes, (notice,)
