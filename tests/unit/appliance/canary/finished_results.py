"""Result folders as `chest_ct` writes them, as far as a comparison looks at them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serving.domain.finding import (
    ChestCtFindings,
    Code,
    Coverage,
    Region,
    Report,
    SeriesEntry,
    Severity,
    SubjectEntry,
)
from serving.domain.volume import Geometry
from serving.pipelines.report.label_image import label_image, write_label_image

SHAPE = (6, 20, 30)
CODE = Code(scheme="SCT", code="39607008", meaning="Lung")


def lesions(*slices: int, shape: tuple[int, int, int] = SHAPE) -> NDArray[np.uint16]:
    """A block of 5 x 10 voxels in each of these slices."""
    labels = np.zeros(shape, np.uint16)
    for index in slices:
        labels[index, 5:10, 10:20] = index + 1
    return labels


def write_results(
    folder: Path,
    labels: NDArray[np.uint16],
    *,
    volume_ml: float | None = None,
    severity: int = 3,
    spacing_mm: float = 1.0,
) -> Path:
    """`report.json` and `lesions.nii.gz` in a new folder; one voxel is one ml unless said."""
    folder.mkdir(parents=True)
    affine = np.diag([spacing_mm, 1.0, 2.0, 1.0])
    place = Geometry(labels.shape, affine, np.arange(labels.shape[0]) * 2.0)
    write_label_image(label_image(labels, place, "lesions"), folder / "lesions.nii.gz")
    ml = float(np.count_nonzero(labels)) if volume_ml is None else volume_ml
    (folder / "report.json").write_text(_report(ml, severity).model_dump_json())
    return folder


def _report(volume_ml: float, severity: int) -> Report:
    nobody = dict.fromkeys(SubjectEntry.model_fields, "")
    return Report(
        pipeline="chest_ct",
        pipeline_version="1.1.0",
        box_version="0.1.0",
        job_id="j",
        created_at="2026-11-27T12:00:00+00:00",
        synthetic=True,
        disclaimer="Not a medical device.",
        subject=SubjectEntry(**nobody),
        series=SeriesEntry(
            series_instance_uid="",
            description="",
            reason="",
            considered=(),
            slices=6,
            rows=20,
            columns=30,
            spacing_mm=(2.0, 1.0, 1.0),
            transfer_syntaxes=(),
        ),
        findings=_findings(volume_ml, severity),
        notices=(),
        models=(),
        timings_s={},
        files=(),
    )


def _findings(volume_ml: float, severity: int) -> ChestCtFindings:
    return ChestCtFindings(
        finding=CODE,
        both_lungs=Region(
            side=None,
            zone=None,
            anatomy=CODE,
            lung_volume_ml=3000.0,
            lesion_volume_ml=volume_ml,
            lesion_percent=volume_ml / 30,
            mean_lung_hu=-800.0,
            mean_lesion_hu=None,
        ),
        lungs=(),
        zones=(),
        lesion_count=1,
        largest_lesion_ml=volume_ml,
        lesions=(),
        severity=Severity(
            name="s", value=severity, maximum=24, per_region={}, source="s", method="m"
        ),
        coverage=Coverage(complete=True, apex_seen=True, base_seen=True, sentence="All of it."),
    )
