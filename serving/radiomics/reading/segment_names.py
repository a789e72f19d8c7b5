"""Names of segments in NRRD files, as 3D Slicer writes them (`Segment0_Name` and so on).

Overlapping segments lie in several layers, a fourth axis that is the fastest in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.domain.errors import UnsupportedImage

_MOST_SEGMENTS = 1000


@dataclass(frozen=True, slots=True)
class Segment:
    """A named label; `layer` counts from 0."""

    number: int
    name: str
    layer: int


def segment_names(fields: Mapping[str, Any]) -> tuple[Segment, ...]:
    """The segments that the fields of a NRRD header name; () where they name none."""
    found: list[Segment] = []
    for index in range(_MOST_SEGMENTS):
        name = fields.get(f"Segment{index}_Name")
        if name is None:
            break
        number = str(fields.get(f"Segment{index}_LabelValue", index + 1))
        layer = str(fields.get(f"Segment{index}_Layer", 0))
        if number.isdecimal() and layer.isdecimal():
            found.append(Segment(int(number), str(name), int(layer)))
    return tuple(found)


def merged_layers(
    values: NDArray[Any], segments: tuple[Segment, ...]
) -> tuple[NDArray[Any], tuple[Segment, ...]]:
    """Layers (slices, rows, columns, layers) as one label map, each label a number of its own.

    Raises UnsupportedImage where segments of different layers overlap.
    """
    merged = np.zeros(values.shape[:3], dtype=np.int32)
    renamed: list[Segment] = []
    for number, segment in enumerate(segments, start=1):
        if segment.layer >= values.shape[3]:
            continue
        mine = values[..., segment.layer] == segment.number
        if np.any(merged[mine]):
            raise UnsupportedImage(
                "the segments of a NRRD file overlap, and a label map cannot hold that; save them "
                "one by one or as DICOM SEG"
            )
        merged[mine] = number
        renamed.append(Segment(number, segment.name, 0))
    return merged, tuple(renamed)
