"""What is known of a synthetic study beside what the box finds in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from provisioning.phantom import PhantomSpec, PhantomTruth, TrueVolumes, measured_ml, write_study
from serving.domain.errors import InvalidRequest


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LesionVolumes(_Part):
    """Millilitres of lesion."""

    both_ml: float
    right_ml: float
    left_ml: float


class StudyTruth(_Part):
    """`truth.json` of a synthetic study: the exact volumes, and those of the known mask's voxels.

    The second differ from the first only by how volumes are measured on the images' grid.
    """

    volumes: TrueVolumes
    from_known_mask: LesionVolumes


def make_synthetic_study(folder: Path, spec: PhantomSpec | None = None) -> StudyTruth:
    """Writes the DICOM files of a synthetic chest CT into an empty `folder`; returns the truth."""
    truth = write_study(spec or PhantomSpec(), folder)
    return StudyTruth(volumes=truth.volumes, from_known_mask=_measure(truth))


def read_truth(path: Path) -> StudyTruth:
    """Raises InvalidRequest where the file is no truth of a synthetic study."""
    try:
        return StudyTruth.model_validate_json(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        raise InvalidRequest(
            "the truth file is not one of a synthetic study; `aibox demo` writes one"
        ) from None


def _measure(truth: PhantomTruth) -> LesionVolumes:
    mask = truth.lesions > 0
    sides = {lesion.index: lesion.side for lesion in truth.volumes.lesions}
    right = np.isin(truth.lesions, [index for index, side in sides.items() if side == "right"])
    return LesionVolumes(
        both_ml=measured_ml(mask, truth.geometry),
        right_ml=measured_ml(mask & right, truth.geometry),
        left_ml=measured_ml(mask & ~right, truth.geometry),
    )
