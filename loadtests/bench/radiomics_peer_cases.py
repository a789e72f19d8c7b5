"""Small regions on which our features are compared with pyradiomics' own, number by number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SPACING_MM = (2.5, 0.8, 0.9)
SHAPE = (15, 22, 19)


@dataclass(frozen=True, slots=True)
class PeerCase:
    """`image` holds whole numbers; arrays are (slices, rows, columns)."""

    name: str
    image: NDArray[np.int16]
    mask: NDArray[np.bool_]


def peer_cases() -> list[PeerCase]:
    """A lumpy region first, then what tends to differ: few voxels, flat, at the border, torn."""
    image, place = _image(), np.indices(SHAPE)
    planes, rows, columns = place
    lumpy = ((planes - 7) / 5.2) ** 2 + ((rows - 10) / 7.4) ** 2 + ((columns - 9) / 6.1) ** 2
    lumpy = lumpy + 0.25 * np.sin(2.1 * rows * columns + planes) < 1
    flat = lumpy & (planes == 7)
    corner = (planes < 4) & (rows < 6) & (columns > 12)
    torn = (planes + 2 * rows + 3 * columns) % 7 == 0
    pair = np.zeros(SHAPE, bool)
    pair[3, 4, 5] = pair[3, 5, 5] = pair[4, 5, 5] = pair[9, 15, 11] = True
    return [
        PeerCase("lumpy", image, lumpy),
        PeerCase("one slice", image, flat),
        PeerCase("at the border", image, corner),
        PeerCase("torn", image, torn),
        PeerCase("four voxels", image, pair),
        PeerCase("one intensity", np.full(SHAPE, 40, np.int16), lumpy),
    ]


def _image() -> NDArray[np.int16]:
    planes, rows, columns = np.indices(SHAPE)
    waves = 80 * np.sin(0.9 * columns + 0.4 * planes) * np.cos(0.7 * rows)
    waves += 40 * np.sin(1.9 * planes * rows + 0.3 * columns)
    grain = (7 * columns + 13 * rows + 29 * planes) * (columns + 3 * rows + 5 * planes) % 61
    return np.rint(waves + grain - 30).astype(np.int16)
