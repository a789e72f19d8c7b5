"""How a pipeline asks for a model's opinion on a stack of slices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from serving.domain.inference import ModelStatus
from serving.domain.manifest import ModelManifest

Progress = Callable[[float, str], None]
"""Told the share done (0..1) of the work at hand and its stage; may raise to cancel."""


class SliceModel(Protocol):
    """A segmentation model over single slices, wherever it runs."""

    @property
    def status(self) -> ModelStatus:
        """The model as compiled."""
        ...

    @property
    def manifest(self) -> ModelManifest: ...

    def predict(self, slices_hu: NDArray[np.int16], progress: Progress) -> NDArray[np.float32]:
        """Probabilities (n, rows, columns) for slices (n, rows, columns) in Hounsfield units.

        Rows and columns are those of the manifest's preprocessing. Raises AiboxError.
        """
        ...
