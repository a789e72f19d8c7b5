"""The COVID-19 CT Lung and Infection Segmentation Dataset as training and test volumes.

Source: Ma et al., doi 10.5281/zenodo.3757476, CC BY 4.0 (Medical Physics 2021, doi
10.1002/mp.14676), coronacases 001..008 as one `.npz` a volume: `image` uint8 (N, 256, 256),
`infection` bool of that shape, `soft_mode` int (N). One file is one patient, so a split by
file is a split by patient.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TRAIN = ("coronacases_001", "coronacases_002", "coronacases_003",
         "coronacases_004", "coronacases_005", "coronacases_006")  # fmt: skip
VALIDATE = ("coronacases_007",)
TEST = ("coronacases_008",)

SOFT_MODE_RANGE = (87, 128)
"""Grey value of the soft-tissue peak; a slice outside it has no trustworthy HU scale."""

SATURATED_HU = 500
"""Stands in for code 255 ("250 HU or more"), so that intensity jitter keeps bone saturated."""


@dataclass(frozen=True)
class Volume:
    """The usable slices of one patient.

    `hu` int16 (N, 256, 256) in Hounsfield units, `infection` bool of the same shape,
    `infected` and `healthy` the indices of slices with and without a marked pixel.
    """

    name: str
    hu: NDArray[np.int16]
    infection: NDArray[np.bool_]
    infected: NDArray[np.int64]
    healthy: NDArray[np.int64]


def to_hu(codes: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Grey codes 0..255 (any shape) to int16 HU: v / 255 * 1500 - 1250, 255 to 500 HU."""
    table = np.rint(np.arange(256) / 255.0 * 1500.0 - 1250.0).astype(np.int16)
    table[255] = SATURATED_HU
    hu: NDArray[np.int16] = table[codes]
    return hu


def load_volume(path: Path) -> Volume:
    """Read one `.npz` and keep the slices whose `soft_mode` says the HU scale is right."""
    with np.load(path) as data:
        low, high = SOFT_MODE_RANGE
        kept = (data["soft_mode"] >= low) & (data["soft_mode"] <= high)
        image, infection = data["image"][kept], data["infection"][kept]
    return from_arrays(path.stem, to_hu(image), infection)


def from_arrays(name: str, hu: NDArray[np.int16], infection: NDArray[np.bool_]) -> Volume:
    """A volume of int16 HU and bool masks, both (N, H, W)."""
    marked = infection.any(axis=(1, 2))
    return Volume(name, hu, infection, np.flatnonzero(marked), np.flatnonzero(~marked))


def load_volumes(folder: Path, names: Sequence[str]) -> tuple[Volume, ...]:
    """The named volumes from `folder`, in the given order."""
    return tuple(load_volume(folder / f"{name}.npz") for name in names)
