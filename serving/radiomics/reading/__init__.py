"""Files into images with regions of interest: DICOM with RTSTRUCT or SEG, NIfTI, NRRD."""

from __future__ import annotations

from serving.radiomics.reading.case import open_case, read_case
from serving.radiomics.reading.roi_selection import RoiSelection

__all__ = ["RoiSelection", "open_case", "read_case"]
