"""What is known of a synthetic study beside what the box finds in it."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from provisioning.phantom.truth import TrueVolumes
from serving.domain.errors import InvalidRequest


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LesionVolumes(_Part):
    """Millilitres of lesion."""

    both_ml: float
    right_ml: float
    left_ml: float


class StudyTruth(_Part):
    """`truth.json` of a synthetic study: the exact volumes, and those of the known mask.

    The second are measured by the box's own code on the images as it reads them, so they differ
    from the first by nothing but how the box measures.
    """

    volumes: TrueVolumes
    from_known_mask: LesionVolumes


def read_truth(path: Path) -> StudyTruth:
    """Raises InvalidRequest where the file is no truth of a synthetic study."""
    try:
        return StudyTruth.model_validate_json(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        raise InvalidRequest(
            "the truth file is not one of a synthetic study; `aibox demo` writes one"
        ) from None
