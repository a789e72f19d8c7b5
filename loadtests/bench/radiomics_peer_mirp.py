"""MIRP as a side: `python -m loadtests.bench.radiomics_peer_mirp CASE`.

Runs in the peers' virtual environment. MIRP takes a voxel size from files alone, so that it reads
the case, uncompressed, within its time (some 0.05 s of it).
"""

from __future__ import annotations

import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import mirp
import numpy as np
import SimpleITK

from loadtests.bench.radiomics_peer_loop import serve

BIN_WIDTH = 25.0


class Mirp:
    """Every feature in 3D, matrices merged and averaged, as our own side."""

    def __init__(self, case: str, folder: Path) -> None:
        self._image, self._mask = folder / "image.nii", folder / "mask.nii"
        with np.load(case) as data:
            self._lowest = float(data["image"][data["mask"]].min())
            for array, path in ((data["image"], self._image), (data["mask"], self._mask)):
                image = SimpleITK.GetImageFromArray(array.astype(np.int16))
                image.SetSpacing(tuple(float(side) for side in data["spacing_mm"][::-1]))
                SimpleITK.WriteImage(image, str(path))

    def extract(self) -> dict[str, float]:
        (table,) = mirp.extract_features(
            image=str(self._image),
            mask=str(self._mask),
            image_modality="ct",
            by_slice=False,
            resegmentation_intensity_range=[self._lowest, np.nan],
            base_discretisation_method="fixed_bin_size",
            base_discretisation_bin_width=BIN_WIDTH,
            ivh_discretisation_method="none",
            glcm_spatial_method=["3d_average", "3d_volume_merge"],
            glrlm_spatial_method=["3d_average", "3d_volume_merge"],
        )
        numbers = table.select_dtypes("number").iloc[0]
        return {str(name): float(value) for name, value in numbers.items()}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        serve(Mirp(sys.argv[1], Path(scratch)).extract, {"version": version("mirp")})
