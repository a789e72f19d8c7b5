"""A slice model that calls lesion what is denser than lung and lighter than muscle.

It computes for real, on whatever it is sent, and keeps that for a test to look at.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from serving.domain.inference import ModelStatus
from serving.domain.manifest import CodedLabel, ModelManifest, Preprocessing, Training, Variant
from serving.domain.slices import Progress


class DensityModel:
    """Implements `SliceModel` by two thresholds; the blurred rim of a lung is opened away."""

    def __init__(
        self,
        *,
        preprocessing: bool = True,
        name: str = "nested_unet_covid",
        side: int = 256,
        frames: tuple[tuple[int, int], ...] = (),
        range_hu: tuple[int, int] = (-575, -150),
        trained: bool = True,
        code: str = "233604007",
    ) -> None:
        self.calls: list[tuple[int, ...]] = []
        self._range_hu = range_hu
        self.sent: NDArray[np.int16] = np.zeros((0, 0, 0), dtype=np.int16)
        self.answer: NDArray[np.float32] = np.zeros((0, 0, 0), dtype=np.float32)
        self._manifest = ModelManifest(
            name=name,
            version=7,
            task="segmentation",
            architecture="two thresholds",
            intended_use="tests",
            disclaimer="Not a medical device, and no network.",
            inputs=(),
            outputs=(),
            preprocessing=_preprocessing(side, frames) if preprocessing else None,
            labels=(CodedLabel(value=1, meaning="Pneumonia", scheme="SCT", code=code),),
            training=Training(data="", licence="", split="", recipe="", trained=trained),
            default_variant="fp32",
            variants={"fp32": Variant(model="a", inference_precision="f32", files=())},
        )

    @property
    def manifest(self) -> ModelManifest:
        return self._manifest

    @property
    def status(self) -> ModelStatus:
        return ModelStatus(
            name=self._manifest.name,
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
        self.calls.append(slices_hu.shape)
        low, high = self._range_hu
        between = (slices_hu > low) & (slices_hu < high)
        progress(1.0, "model")
        core = ndimage.minimum_filter(between.astype(np.uint8), (1, 7, 7))
        self.answer = ndimage.maximum_filter(core, (1, 7, 7)).astype(np.float32)
        return self.answer


def _preprocessing(side: int, frames: tuple[tuple[int, int], ...]) -> Preprocessing:
    return Preprocessing(rows=side, columns=side, frames=frames)
