"""Writes the result folder of `chest_ct`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from serving.domain.study import Notice
from serving.pipelines.analysis import ChestCtAnalysis
from serving.pipelines.report.coronal_picture import coronal_picture
from serving.pipelines.report.key_slices import key_slices
from serving.pipelines.report.label_image import label_image, write_label_image
from serving.pipelines.report.page import Pictures, ReportPage
from serving.pipelines.report.picture import png_bytes
from serving.pipelines.report.regular_grid import is_source_grid, source_slices
from serving.pipelines.report.report_document import report_document, report_json
from serving.pipelines.report.slice_picture import slice_picture
from serving.pipelines.report.slice_view import slice_view

REPORT_JSON = "report.json"
REPORT_HTML = "report.html"
LUNGS_NIFTI = "lungs.nii.gz"
LESIONS_NIFTI = "lesions.nii.gz"

_LUNGS_TEXT = "aibox lungs: 1 right, 2 left"
_LESIONS_TEXT = "aibox lesions: n = lesion n of report.json"
_REGULAR = "; slices laid on a regular grid"


def utc_now() -> datetime:
    """The time now, aware of its zone."""
    return datetime.now(UTC)


class ChestCtReportWriter:
    """Writes report.json, report.html, overlays/*.png, lungs.nii.gz and lesions.nii.gz.

    report.json comes last: where it is, the others are. No file name holds patient data.
    """

    def __init__(self, box_version: str, clock: Callable[[], datetime] = utc_now) -> None:
        self._box_version = box_version
        self._clock = clock
        self._page = ReportPage()

    def write(self, analysis: ChestCtAnalysis, results_dir: Path) -> None:
        """Writes every file into `results_dir`, an existing folder; running twice is harmless."""
        pictures = _pictures(analysis)
        overlays = _write_overlays(pictures, results_dir)
        _write_labels(analysis, results_dir)
        files = (REPORT_JSON, REPORT_HTML, LUNGS_NIFTI, LESIONS_NIFTI, *overlays)
        report = report_document(
            analysis, self._box_version, self._clock(), _notices(analysis), files
        )
        page = self._page.render(report, pictures)
        (results_dir / REPORT_HTML).write_text(page, encoding="utf-8")
        (results_dir / REPORT_JSON).write_text(report_json(report), encoding="utf-8")


def _pictures(analysis: ChestCtAnalysis) -> Pictures:
    geometry = analysis.volume.geometry
    view = slice_view(geometry)
    indices = key_slices(
        np.count_nonzero(analysis.lesions, axis=(1, 2)),
        np.count_nonzero(analysis.lungs, axis=(1, 2)),
        geometry.slice_offsets_mm,
    )
    return Pictures(
        view.plane,
        tuple(slice_picture(analysis, view, index) for index in view.reading_order(indices)),
        coronal_picture(analysis, indices),
    )


def _write_overlays(pictures: Pictures, results_dir: Path) -> tuple[str, ...]:
    folder = results_dir / "overlays"
    folder.mkdir(exist_ok=True)
    for stale in folder.glob("*.png"):
        stale.unlink()
    for shown in pictures.slices:
        (results_dir / shown.file_name).write_bytes(png_bytes(shown.picture.composite()))
    names = [shown.file_name for shown in pictures.slices]
    if pictures.coronal is not None:
        (folder / "coronal.png").write_bytes(png_bytes(pictures.coronal.picture.composite()))
        names.append("overlays/coronal.png")
    return tuple(names)


def _write_labels(analysis: ChestCtAnalysis, results_dir: Path) -> None:
    geometry = analysis.volume.geometry
    suffix = "" if is_source_grid(source_slices(geometry), geometry) else _REGULAR
    lungs = label_image(analysis.lungs, geometry, _LUNGS_TEXT + suffix)
    write_label_image(lungs, results_dir / LUNGS_NIFTI)
    lesions = label_image(analysis.lesions, geometry, _LESIONS_TEXT + suffix)
    write_label_image(lesions, results_dir / LESIONS_NIFTI)


def _notices(analysis: ChestCtAnalysis) -> tuple[Notice, ...]:
    geometry = analysis.volume.geometry
    if is_source_grid(source_slices(geometry), geometry):
        return analysis.notices
    told = Notice(
        "label_maps_regridded",
        "The slices are not evenly spaced, so lungs.nii.gz and lesions.nii.gz lie on a regular "
        "grid (nearest slice, 0 in gaps) on which every position holds; their slice indices "
        "differ from those in report.json, and volumes counted from them can differ slightly.",
    )
    return (*analysis.notices, told)
