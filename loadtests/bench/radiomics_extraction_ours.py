"""aibox as a side: `... -m loadtests.bench.radiomics_extraction_ours CASE CONVENTION FILTERS`."""

from __future__ import annotations

import sys
from importlib.metadata import version

import numpy as np

from loadtests.bench.radiomics_peer_loop import serve
from serving.radiomics.extract import extract
from serving.radiomics.imaging.image import Image, Roi
from serving.radiomics.settings import Convention, Discretisation, ExtractionSettings

BIN_WIDTH = 25.0


class Ours:
    """All families in 3D; `filters` is empty or sigmas in mm, which brings wavelets along."""

    def __init__(self, case: str, convention: Convention, filters: str) -> None:
        with np.load(case) as data:
            plane, row, column = (float(side) for side in data["spacing_mm"])
            affine = np.diag([column, row, plane, 1.0])
            self._image = Image(data["image"].astype(np.float64), affine)
            self._roi = Roi("region", data["mask"])
        sigmas = filters.split(",") if filters else []
        self._settings = ExtractionSettings(
            convention=convention,
            discretisation=Discretisation(bin_size=BIN_WIDTH),
            filters=(
                *(("wavelet_coif1",) if filters else ()),
                *(f"log_sigma_{sigma}mm" for sigma in sigmas),
            ),
        )

    def extract(self) -> dict[str, float]:
        return extract(self._image, self._roi, self._settings)


if __name__ == "__main__":
    serve(Ours(*sys.argv[1:]).extract, {"version": version("aibox")})
