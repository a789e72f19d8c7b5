"""The whole result folder, written and read back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import nibabel
import numpy as np
import pytest
from PIL import Image

from serving.domain.finding import Report
from serving.pipelines.report import ChestCtReportWriter
from serving.pipelines.report.report_schema import SCHEMA_FILE, report_schema_text

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def writer() -> ChestCtReportWriter:
    return ChestCtReportWriter("9.8.7", clock=lambda: NOON)


@pytest.fixture
def folder(samples: Any, tmp_path: Path) -> Path:
    writer().write(samples.analysis(), tmp_path)
    return tmp_path


def report_in(folder: Path) -> Report:
    return Report.model_validate_json((folder / "report.json").read_text("utf-8"))


def test_the_report_names_exactly_the_files_that_are_there(folder: Path) -> None:
    there = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert there == set(report_in(folder).files)
    assert {"report.json", "report.html", "lungs.nii.gz", "lesions.nii.gz"} <= there


def test_report_json_holds_what_was_found_and_what_made_it(samples: Any, folder: Path) -> None:
    report, analysis = report_in(folder), samples.analysis()
    assert report.findings == analysis.findings
    assert report.models == analysis.models
    assert (report.box_version, report.job_id) == ("9.8.7", "job-0001")
    assert report.created_at == "2026-01-02T12:00:00+00:00"
    assert report.series.spacing_mm == (2.0, 1.0, 1.5)
    assert "not a medical device" in report.disclaimer


def test_volumes_counted_from_the_label_maps_agree_with_the_report(folder: Path) -> None:
    findings = report_in(folder).findings
    lungs, lesions = (nibabel.load(folder / f"{n}.nii.gz") for n in ("lungs", "lesions"))
    voxel_ml = abs(np.linalg.det(lungs.affine[:3, :3])) / 1000
    lung_map, lesion_map = np.asarray(lungs.dataobj), np.asarray(lesions.dataobj)
    assert findings.both_lungs.lesion_volume_ml > 0
    for side, label in (("right", 1), ("left", 2)):
        (region,) = [r for r in findings.lungs if r.side == side]
        assert (lung_map == label).sum() * voxel_ml == pytest.approx(region.lung_volume_ml)
        inside = (lung_map == label) & (lesion_map > 0)
        assert inside.sum() * voxel_ml == pytest.approx(region.lesion_volume_ml)
    for lesion in findings.lesions:
        voxels = np.argwhere(lesion_map == lesion.index)
        assert len(voxels) * voxel_ml == pytest.approx(lesion.volume_ml)
        centre = nibabel.affines.apply_affine(lesions.affine, voxels.mean(axis=0))
        np.testing.assert_allclose(centre * (-1, -1, 1), lesion.centroid_lps_mm, atol=1e-3)


def test_label_maps_hold_every_label_unchanged(samples: Any, folder: Path) -> None:
    analysis = samples.analysis()
    lesions = nibabel.load(folder / "lesions.nii.gz")
    assert lesions.get_data_dtype() == np.uint16
    np.testing.assert_array_equal(np.asarray(lesions.dataobj).T, analysis.lesions)
    np.testing.assert_array_equal(
        np.asarray(nibabel.load(folder / "lungs.nii.gz").dataobj).T, analysis.lungs
    )


def test_writing_twice_gives_the_same_bytes_and_leaves_no_stale_picture(
    samples: Any, folder: Path
) -> None:
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    (folder / "overlays" / "slice-9999.png").write_bytes(b"old")
    writer().write(samples.analysis(), folder)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_the_release_is_named_in_both_reports_where_there_is_one(
    samples: Any, tmp_path: Path
) -> None:
    writer().write(replace(samples.analysis(), release="chest_ct@2"), tmp_path)
    assert report_in(tmp_path).release == "chest_ct@2"
    assert "chest_ct@2" in (tmp_path / "report.html").read_text("utf-8")
    writer().write(samples.analysis(), tmp_path)
    assert report_in(tmp_path).release == ""
    assert ">Release<" not in (tmp_path / "report.html").read_text("utf-8")


def test_uneven_slices_are_told_in_a_notice(samples: Any, tmp_path: Path) -> None:
    offsets = np.delete(np.arange(25) * 2.0, 12)
    writer().write(samples.analysis(samples.geometry((24, 48, 64), offsets_mm=offsets)), tmp_path)
    codes = [notice.code for notice in report_in(tmp_path).notices]
    assert codes == ["made_by_hand", "label_maps_regridded"]
    assert nibabel.load(tmp_path / "lesions.nii.gz").shape == (64, 48, 25)


def test_no_file_holds_the_patient_but_the_two_reports(samples: Any, tmp_path: Path) -> None:
    planted = samples.with_subject(
        samples.analysis(), patient_name="ZEBRA^QUAGGA", patient_id="ZEBRA-1"
    )
    writer().write(planted, tmp_path)
    for path in tmp_path.rglob("*"):
        assert "ZEBRA" not in str(path.relative_to(tmp_path))
        if path.suffix == ".png":
            assert Image.open(path).info == {}
        if path.is_file() and path.name not in ("report.json", "report.html"):
            assert b"ZEBRA" not in path.read_bytes()


@pytest.mark.parametrize("shape", [(1, 32, 32), (3, 20, 90), (40, 8, 8)])
def test_odd_volumes_are_written_too(samples: Any, shape: Any, tmp_path: Path) -> None:
    writer().write(samples.analysis(samples.geometry(shape)), tmp_path)
    assert report_in(tmp_path).series.slices == shape[0]


def test_no_lung_at_all_is_said_and_not_divided_by(samples: Any, tmp_path: Path) -> None:
    analysis = samples.analysis(lesion=False)
    nothing = np.zeros_like(analysis.lungs)
    findings = samples.findings(analysis.volume, nothing, analysis.lesions)
    writer().write(replace(analysis, lungs=nothing, findings=findings), tmp_path)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "No lung was found in these images" in page
    assert report_in(tmp_path).findings.both_lungs.lesion_percent is None


def test_the_published_schema_is_the_code_and_fits_a_real_report(folder: Path) -> None:
    assert SCHEMA_FILE.read_text("utf-8") == report_schema_text(), (
        "the report changed: raise SCHEMA_VERSION if readers can notice, then write the schema"
    )
    schema = json.loads(report_schema_text())
    jsonschema.validate(json.loads((folder / "report.json").read_text("utf-8")), schema)
