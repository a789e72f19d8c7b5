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
    renderer, lesions = _prepare(spec)
    geometry = make_grid(spec)
    write_slices(spec, geometry, renderer.slices(), folder)
    return find_truth(lesions, geometry)


def make_phantom(spec: PhantomSpec) -> Phantom:
    """The phantom in memory, without files."""
    renderer, lesions = _prepare(spec)
    hu = np.stack(list(renderer.slices()))
    return Phantom(hu, find_truth(lesions, make_grid(spec)))


def _prepare(spec: PhantomSpec) -> tuple[Renderer, tuple[Lesion, ...]]:
    rng = np.random.default_rng(spec.seed)
    lesions = make_lesions(spec.lesions, rng)
    vessels = grow_vessels(rng)
    return Renderer(spec, make_grid(spec), lesions, vessels), lesions
