"""`metrics.json` beside `model.toml`: how each variant scores, patient by patient."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from serving.domain.errors import CorruptModel

PATIENT_SCORES_NAME = "metrics.json"
Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PatientScore(_Part):
    """One patient under one variant, counted in voxels over all of the patient's slices."""

    variant: str
    patient: str
    role: str
    """train, validate or test."""
    slices: Count
    lesion_voxels: Count
    called_voxels: Count
    dice: Annotated[float, Field(ge=0, le=1)]
    """Pooled over the slices: 2 |A and B| / (|A| + |B|)."""
    volume_error: float | None
    """(called - lesion) / lesion; None without a lesion."""


class PatientScores(_Part):
    """Every patient under every variant, and what it was measured with."""

    data: str
    threshold: float
    """Of the probability; a pixel above it is called."""
    openvino: str
    cpu: str
    patients: tuple[PatientScore, ...]

    def by_patient(self) -> dict[str, dict[str, PatientScore]]:
        """Scores by patient and then by variant, in the order of the file."""
        found: dict[str, dict[str, PatientScore]] = {}
        for each in self.patients:
            found.setdefault(each.patient, {})[each.variant] = each
        return found


def write_patient_scores(scores: PatientScores, folder: Path) -> Path:
    """Write `metrics.json` into a version's folder; returns its path."""
    path = folder / PATIENT_SCORES_NAME
    path.write_text(scores.model_dump_json(indent=1) + "\n", "utf-8")
    return path


def read_patient_scores(folder: Path) -> PatientScores | None:
    """What lies beside `model.toml`, if anything. Raises CorruptModel with one sentence."""
    path = folder / PATIENT_SCORES_NAME
    if not path.exists():
        return None
    try:
        return PatientScores.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise CorruptModel(
            f"{PATIENT_SCORES_NAME} does not hold scores by patient and variant; "
            "write it anew or remove it"
        ) from error
