"""A slice model that calls lesion what is denser than lung and lighter than muscle.

It computes for real, on whatever it is sent, and keeps that for a test to look at.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from serving.domain.inference import ModelStatus
from serving.domain.manifest import CodedLabel, ModelManifest, Preprocessing, Variant
from serving.domain.slices import Progress

_RANGE_HU = (-575, -150)


class DensityModel:
    """Implements `SliceModel` by two thresholds; the blurred rim of a lung is opened away."""

    def __init__(self, *, preprocessing: bool = True) -> None:
        self.sent: NDArray[np.int16] = np.zeros((0, 0, 0), dtype=np.int16)
        self.answer: NDArray[np.float32] = np.zeros((0, 0, 0), dtype=np.float32)
        self._manifest = ModelManifest(
            name="nested_unet_covid",
            version=7,
            task="segmentation",
            architecture="two thresholds",
            intended_use="tests",
            disclaimer="Not a medical device, and no network.",
            inputs=(),
            outputs=(),
            preprocessing=Preprocessing(rows=256, columns=256) if preprocessing else None,
            labels=(CodedLabel(value=1, meaning="Pneumonia", scheme="SCT", code="233604007"),),
            default_variant="fp32",
            variants={"fp32": Variant(model="a", inference_precision="f32", files=())},
        )

    @property
    def manifest(self) -> ModelManifest:
        return self._manifest

    @property
    def status(self) -> ModelStatus:
        return ModelStatus(
            name="nested_unet_covid",
            version=7,
            digest="d" * 64,
            precision="fp32",
            effective_precision="f32",
            streams=1,
            threads=1,
            loaded_from_cache=False,
            inputs=(),
            outputs=(),
        )

    def predict(self, slices_hu: NDArray[np.int16], progress: Progress) -> NDArray[np.float32]:
        self.sent = slices_hu
        low, high = _RANGE_HU
        between = (slices_hu > low) & (slices_hu < high)
        progress(1.0, "model")
        core = ndimage.minimum_filter(between.astype(np.uint8), (1, 7, 7))
        self.answer = ndimage.maximum_filter(core, (1, 7, 7)).astype(np.float32)
        return self.answer
