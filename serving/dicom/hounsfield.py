"""Stored values to Hounsfield units (PS3.3 sections C.11.1 and C.8.2.1).

MONOCHROME1 only tells a display to show low values bright (C.7.6.3.1.2): Hounsfield units after
rescale are not inverted by it. Some exporters, though, inverted the values when they wrote the
label. Air around the patient decides: where a MONOCHROME1 image has its rim brighter than
anything air can be, and inverting brings the rim back to air, the values are inverted back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.dicom.frames import Frame, Rescale
from serving.dicom.image import PixelFormat
from serving.dicom.pixels import Stored, sign_extended

AIR_HU = -1024
"""Floor of all volumes: nothing is thinner than air, and padding around the field of view reads
as air."""
_AIR_BELOW_HU = -500


def to_hu(stored: Stored, frame: Frame, form: PixelFormat, *, inverted: bool) -> NDArray[np.int16]:
    """HU of one slice, int16 (rows, columns); padding is air. `frame.rescale` must be there."""
    if frame.rescale is None:
        raise ValueError("the series was chosen without a rescale")
    hu = _rescaled(_inverted(stored, form) if inverted else stored, frame.rescale)
    if frame.padding is not None:
        padding = int(sign_extended(np.array(frame.padding), form.bits_stored, form.signed))
        hu = np.where(stored == padding, AIR_HU, hu)
    return np.clip(hu, AIR_HU, np.iinfo(np.int16).max).astype(np.int16)


def looks_inverted(stored: Stored, frame: Frame, form: PixelFormat) -> bool:
    """Whether a MONOCHROME1 slice holds inverted values, from the air at its rim."""
    if form.photometric != "MONOCHROME1":
        return False
    as_is = np.median(_rim(to_hu(stored, frame, form, inverted=False)))
    turned = np.median(_rim(to_hu(stored, frame, form, inverted=True)))
    return bool(as_is > _AIR_BELOW_HU > turned)


def _rescaled(stored: Stored, rescale: Rescale) -> NDArray[np.float32] | Stored:
    if rescale.slope == 1 and rescale.intercept == int(rescale.intercept):
        return stored + np.int32(rescale.intercept)
    return np.rint(stored * np.float64(rescale.slope) + rescale.intercept).astype(np.float32)


def _inverted(stored: Stored, form: PixelFormat) -> Stored:
    """Mirrored within the range that the stored bits span."""
    return (-1 if form.signed else (1 << form.bits_stored) - 1) - stored


def _rim(hu: NDArray[np.int16]) -> NDArray[np.int16]:
    """The outermost rows and columns, top and sides: the couch lies below, bodies fill the rest."""
    depth = max(1, min(hu.shape) // 32)
    return np.concatenate((hu[:depth].ravel(), hu[:, :depth].ravel(), hu[:, -depth:].ravel()))
