"""A chest CT study the straightforward way: pydicom, numpy and torch eager, every slice whole.

`python -m provisioning.zoo.bench_study --study FOLDER --networks A,B` prints one line of JSON:
wall seconds in all and by stage, and what was found. Loading the networks does not count.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import torch
from numpy.typing import NDArray
from torch import nn

from provisioning.zoo.catalogue import SEED, load_eager

SIDE = 512
THRESHOLD = 0.5
REPORT_EVERY = 10


@dataclass(frozen=True)
class Slices:
    """The study in memory: HU int16 (slices, rows, columns), foot to head, and its voxel."""

    hu: NDArray[np.int16]
    voxel_ml: float


def read_study(folder: Path) -> Slices:
    """Reads and decodes every DICOM file of an axial CT series, as a tutorial would."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    images = [pydicom.dcmread(path) for path in files]
    images.sort(key=lambda image: float(image.ImagePositionPatient[2]))
    hu = np.stack([_to_hu(image) for image in images])
    positions = [float(image.ImagePositionPatient[2]) for image in images]
    thickness_mm = float(np.median(np.diff(positions))) if len(images) > 1 else 1.0
    row_mm, column_mm = map(float, images[0].PixelSpacing)
    return Slices(hu, row_mm * column_mm * thickness_mm / 1000.0)


def _to_hu(image: Any) -> NDArray[np.int16]:
    stored = image.pixel_array.astype(np.float32)
    hu = stored * float(image.RescaleSlope) + float(image.RescaleIntercept)
    return np.rint(hu).clip(-1024, 32767).astype(np.int16)


class TorchPipeline:
    """All networks on every slice; the average of their probabilities, cut at a half."""

    def __init__(self, networks: Sequence[str], channels_last: bool) -> None:
        layout = torch.channels_last if channels_last else torch.contiguous_format
        self._networks: list[nn.Module] = [
            load_eager(name, SEED).to(memory_format=layout) for name in networks
        ]
        self._layout = layout
        self._ask(np.zeros((SIDE, SIDE), np.int16))

    def run(self, folder: Path) -> dict[str, Any]:
        """One study from its files to the volume that is called lesion; wall seconds by stage."""
        start = time.perf_counter()
        study = read_study(folder)
        read_s = time.perf_counter() - start
        inference_s, voxels = 0.0, 0
        for index, plane in enumerate(study.hu):
            asked = time.perf_counter()
            probability = self._ask(plane)
            inference_s += time.perf_counter() - asked
            voxels += int((probability > THRESHOLD).sum())
            if index % REPORT_EVERY == 0:
                print(f"torch: slice {index + 1} of {len(study.hu)}", file=sys.stderr, flush=True)
        wall_s = time.perf_counter() - start
        stages_s = {"reading": read_s, "inference": inference_s}
        return {
            "wall_s": wall_s,
            "stages_s": stages_s | {"other": wall_s - sum(stages_s.values())},
            "slices": len(study.hu),
            "lesion_ml": voxels * study.voxel_ml,
        }

    def _ask(self, plane: NDArray[np.int16]) -> NDArray[np.float32]:
        """The average probability (rows, columns); slices of another size are resized first."""
        x = torch.from_numpy(plane[None, None])
        if plane.shape != (SIDE, SIDE):
            resized = nn.functional.interpolate(x.float(), (SIDE, SIDE), mode="bilinear")
            x = resized.round().to(torch.int16)
        x = x.contiguous(memory_format=self._layout)
        with torch.inference_mode():
            answers = [network(x) for network in self._networks]
            mean = torch.stack(answers).mean(0)
        probability: NDArray[np.float32] = mean[0, 0].numpy()
        return probability


def main() -> None:
    """Runs one study."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--study", type=Path, required=True)
    parser.add_argument("--networks", required=True)
    parser.add_argument("--channels-last", action="store_true")
    given = parser.parse_args()
    found = TorchPipeline(given.networks.split(","), given.channels_last).run(given.study)
    facts = {
        "runtime": f"torch {torch.__version__}",
        "threads": torch.get_num_threads(),
        "allocator": {k: v for k, v in os.environ.items() if k.startswith("MALLOC_")},
    }
    print(json.dumps(found | facts))


if __name__ == "__main__":
    main()
