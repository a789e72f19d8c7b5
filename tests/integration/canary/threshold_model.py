"""A slice model of two thresholds that stands in for a network, in as many versions as wanted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from serving.domain.inference import ModelStatus
from serving.domain.manifest import ModelManifest, Preprocessing, Training, Variant
from serving.domain.slices import Progress

NAME = "nested_unet_covid"
RANGES_HU = {1: (-700, -150), 2: (-690, -150), 3: (-560, -480)}
"""What each version calls lesion: 2 is about as good as 1, and 3 misses most."""


class ThresholdModel:
    """Implements `SliceModel`; what is no wider than some pixels (vessels, the rim) is dropped."""

    def __init__(self, version: int) -> None:
        self._range_hu = RANGES_HU[version]
        self.manifest = ModelManifest(
            name=NAME,
            version=version,
            task="segmentation",
            architecture="two thresholds",
            intended_use="tests",
            disclaimer="Not a medical device, and no network.",
            inputs=(),
            outputs=(),
            preprocessing=Preprocessing(rows=128, columns=128, frames=()),
            labels=(),
            training=Training(data="", licence="", split="", recipe="", trained=True),
            default_variant="fp32",
            variants={"fp32": Variant(model="a", inference_precision="f32", files=())},
        )
        self.status = ModelStatus(
            name=NAME,
            version=version,
            digest=f"{version}" * 64,
            precision="fp32",
            effective_precision="f32",
            streams=1,
            threads=1,
            loaded_from_cache=False,
            inputs=(),
            outputs=(),
        )

    def predict(self, slices_hu: NDArray[np.int16], progress: Progress) -> NDArray[np.float32]:
        low, high = self._range_hu
        between = (slices_hu > low) & (slices_hu < high)
        progress(1.0, "lesions")
        core = ndimage.minimum_filter(between.astype(np.uint8), (1, 3, 3))
        return ndimage.maximum_filter(core, (1, 3, 3)).astype(np.float32)
