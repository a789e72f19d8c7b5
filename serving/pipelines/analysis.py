"""All that `chest_ct` worked out, as handed to the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.domain.finding import ChestCtFindings, ModelUse
from serving.domain.study import LoadedStudy, Notice
from serving.domain.volume import Volume

RIGHT_LUNG = 1
LEFT_LUNG = 2
"""Values in a lung label map; 0 is background. Sides are the patient's."""


@dataclass(frozen=True, slots=True)
class ChestCtAnalysis:
    """One analysed study; both label maps lie on the source grid (slices, rows, columns)."""

    job_id: str
    pipeline: str
    pipeline_version: str
    study: LoadedStudy
    lungs: NDArray[np.uint8]
    """0 background, RIGHT_LUNG, LEFT_LUNG."""
    lesions: NDArray[np.uint16]
    """0 background, else `Lesion.index`: 1 is the largest. Holds every lesion, not only those
    that the findings list; past 65535 the smallest share the last value."""
    findings: ChestCtFindings
    models: tuple[ModelUse, ...]
    notices: tuple[Notice, ...]
    """Those of the study first, then the pipeline's own."""
    timings_s: Mapping[str, float]
    """Wall seconds per stage: reading, lungs, lesions, measuring; inference is part of lesions."""
    release: str = ""
    """Reference of the release that ran; empty where there is none."""

    @property
    def volume(self) -> Volume:
        return self.study.volume
