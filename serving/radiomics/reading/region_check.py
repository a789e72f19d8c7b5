"""Whether a region can be measured at all, and what is odd about it."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from serving.domain.errors import InvalidRequest, UnsupportedImage
from serving.radiomics.imaging.image import Mask

_TOUCHING = np.ones((3, 3, 3), dtype=np.bool_)


def require_region(mask: Mask, holes: Mask | None) -> None:
    """Raises InvalidRequest or UnsupportedImage where nothing can be computed of the region.

    `mask` and `holes`, the voxels without a finite intensity, are (slices, rows, columns).
    """
    count = int(np.count_nonzero(mask))
    if count == 0:
        raise InvalidRequest(
            "the mask is empty: the region holds no voxel of the image; draw it anew or leave the "
            "case out"
        )
    if count == 1:
        raise InvalidRequest(
            "the region is a single voxel, and shape and texture need several; draw it anew or "
            "leave the case out"
        )
    odd = 0 if holes is None else int(np.count_nonzero(mask & holes))
    if odd:
        raise UnsupportedImage(
            f"{odd} of the region's {count} voxels hold no finite intensity (NaN or infinite); "
            "export the image again"
        )


def region_notices(mask: Mask) -> tuple[str, ...]:
    """What a reader of the results should know: several parts (IBSI takes them as one region)."""
    box = ndimage.find_objects(mask.astype(np.int8))[0]
    parts = int(ndimage.label(mask[box], structure=_TOUCHING)[1])
    if parts < 2:
        return ()
    return (f"The region has {parts} separate parts; they were measured as one.",)
