"""The files of one exported network: where they lie, and those that need no torch to write."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from numpy.typing import NDArray

from provisioning.description import ModelDescription
from provisioning.labelled_set import LabelledSet, write_labelled_set
from provisioning.zoo.entry import ZooEntry, smooth_noise

CALIBRATION_IMAGES = 10
CALIBRATION_SEEDS = 1000
"""Apart from the seed that inputs are drawn from."""


class ExportFormat(StrEnum):
    """The value is the file's ending."""

    ONNX = "onnx"
    PT2 = "pt2"


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """`model.onnx`, `model.pt2`, `description.toml`, `inputs.npz` and `calibration.npz`."""

    folder: Path

    @property
    def description(self) -> Path:
        return self.folder / "description.toml"

    @property
    def inputs(self) -> Path:
        """One array for each input by its name."""
        return self.folder / "inputs.npz"

    @property
    def calibration(self) -> Path:
        return self.folder / "calibration.npz"

    def model(self, form: ExportFormat) -> Path:
        """Where the network lies in that format."""
        return self.folder / f"model.{form.value}"

    def write_description(self, description: ModelDescription) -> None:
        """As `provisioning.description.read_description` reads it."""
        body = description.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        self.description.write_text(tomli_w.dumps(body), "utf-8")

    def write_inputs(self, inputs: dict[str, NDArray[Any]]) -> None:
        """What parity is checked on."""
        np.savez_compressed(self.inputs, allow_pickle=False, **inputs)

    def write_calibration(self, entry: ZooEntry, seed: int) -> None:
        """Seeded noise to take activation ranges from: fit for speed, not for a verdict."""
        wanted = entry.input
        shape = (CALIBRATION_IMAGES, *wanted.example[1:])
        images = smooth_noise(shape, wanted.values, wanted.dtype, seed + CALIBRATION_SEEDS)
        cases = np.array([f"noise-{i}" for i in range(CALIBRATION_IMAGES)])
        write_labelled_set(self.calibration, LabelledSet("noise", images, cases))
