"""pyradiomics-bhklab as a side: `python -m loadtests.bench.radiomics_peer_bhklab CASE FILTERS`.

Runs in the peers' virtual environment. Images lie in memory before the clock starts.
"""

from __future__ import annotations

import sys
from importlib.metadata import version

import numpy as np
import radiomics
import SimpleITK
from radiomics.featureextractor import RadiomicsFeatureExtractor

from loadtests.bench.radiomics_peer_loop import serve

BIN_WIDTH = 25


class Bhklab:
    """Its default classes; `filters` is empty or sigmas in mm, which brings wavelets along."""

    def __init__(self, case: str, filters: str) -> None:
        radiomics.setVerbosity(60)
        with np.load(case) as data:
            spacing = tuple(float(side) for side in data["spacing_mm"][::-1])
            self._image = SimpleITK.GetImageFromArray(data["image"])
            self._mask = SimpleITK.GetImageFromArray(data["mask"].astype(np.uint8))
        self._image.SetSpacing(spacing)
        self._mask.SetSpacing(spacing)
        self._extractor = RadiomicsFeatureExtractor(binWidth=BIN_WIDTH, additionalInfo=False)
        if filters:
            sigmas = [float(sigma) for sigma in filters.split(",")]
            self._extractor.enableImageTypes(Original={}, Wavelet={}, LoG={"sigma": sigmas})

    def extract(self) -> dict[str, float]:
        found = self._extractor.execute(self._image, self._mask)
        return {name: float(value) for name, value in found.items()}


if __name__ == "__main__":
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    serve(Bhklab(*sys.argv[1:]).extract, {"version": version("pyradiomics-bhklab")})
