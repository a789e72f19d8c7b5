"""Makes the synthetic study of the demo, and measures it from the mask that is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from appliance.errors import BoxFailed
from appliance.study_truth import LesionVolumes, StudyTruth
from provisioning.phantom import PhantomSpec, PhantomTruth, write_study
from serving.dicom.reader import StudyReader
from serving.domain.finding import Side
from serving.pipelines.measure import measure


def make_synthetic_study(folder: Path, spec: PhantomSpec | None = None) -> StudyTruth:
    """Writes the DICOM files of a synthetic chest CT into an empty `folder`; returns the truth."""
    truth = write_study(spec or PhantomSpec(), folder)
    return StudyTruth(volumes=truth.volumes, from_known_mask=_measure(folder, truth))


def _measure(folder: Path, truth: PhantomTruth) -> LesionVolumes:
    """The box's own reading of the files and its own measuring, with the known masks for labels.

    Raises BoxFailed where the files are read as another grid than they were written on.
    """
    volume = StudyReader().read(folder, _no_progress).volume
    if volume.geometry.shape != truth.lesions.shape:
        raise BoxFailed("the synthetic study is read as another grid than it was written on")
    found = measure(volume, truth.lungs, truth.lesions.astype(np.uint16))
    by_side = {region.side: region.lesion_volume_ml for region in found.lungs}
    return LesionVolumes(
        both_ml=found.both_lungs.lesion_volume_ml,
        right_ml=by_side[Side.RIGHT],
        left_ml=by_side[Side.LEFT],
    )


def _no_progress(_share: float, _stage: str) -> None:
    """Nobody watches: it takes seconds."""
