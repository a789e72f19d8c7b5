"""A volume as a file holds it: an image, or labels, before it is known which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from serving.domain.volume import Geometry
from serving.radiomics.reading.mask_source import Entry


@dataclass(frozen=True, slots=True)
class Scan:
    """Voxels with their grid; `modality` as in DICOM (0008,0060), empty where nobody says."""

    values: NDArray[Any]
    """Real numbers of any type, (slices, rows, columns)."""
    grid: Geometry
    modality: str = ""
    notices: tuple[str, ...] = ()
    names: tuple[Entry, ...] = ()
    """Names of labels, where the file gives them."""
    series_instance_uid: str = ""
    frame_of_reference_uid: str = ""
