"""Makes a phantom study: DICOM files in a folder, the truth about them as the answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from provisioning.phantom.grid import make_grid
from provisioning.phantom.lesion import Lesion, make_lesions
from provisioning.phantom.render import Renderer
from provisioning.phantom.spec import PhantomSpec
from provisioning.phantom.truth import PhantomTruth, find_truth
from provisioning.phantom.vessels import grow_vessels
from provisioning.phantom.writer import write_slices


@dataclass(frozen=True, slots=True)
class Phantom:
    """Voxels in HU, int16 (slices, rows, columns), beside the truth about them."""

    hu: NDArray[np.int16]
    truth: PhantomTruth


def write_study(spec: PhantomSpec, folder: Path) -> PhantomTruth:
    """Writes one DICOM file a slice into `folder` (made if absent, must be empty).

    Raises FileExistsError where the folder holds anything: a study must not mix with another.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError("the folder for the phantom is not empty")
    write_slices(spec, make_grid(spec), _renderer(spec).slices(), folder)
    return truth_of(spec)


def make_phantom(spec: PhantomSpec) -> Phantom:
    """The phantom in memory, without files."""
    return Phantom(np.stack(list(_renderer(spec).slices())), truth_of(spec))


def truth_of(spec: PhantomSpec) -> PhantomTruth:
    """Volumes and masks alone, without voxels."""
    return find_truth(_lesions(spec), make_grid(spec))


def _lesions(spec: PhantomSpec) -> tuple[Lesion, ...]:
    return make_lesions(spec.lesions, np.random.default_rng((spec.seed, 1)))


def _renderer(spec: PhantomSpec) -> Renderer:
    vessels = grow_vessels(np.random.default_rng((spec.seed, 2)), spec.vessel_levels)
    return Renderer(spec, make_grid(spec), _lesions(spec), vessels)
