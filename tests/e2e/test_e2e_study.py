"""Bar 2 by the shell: real studies in, findings out. The data is no part of the product."""

from __future__ import annotations

import subprocess
from pathlib import Path

import nibabel
import numpy as np
import pytest

from appliance.study_truth import StudyTruth
from loadtests.box import OwnBox, aibox_command
from serving.domain.finding import Report

DATA = Path(__file__).parents[3] / "shared" / "data"
P001 = DATA / "covid-ct-md" / "P001"
LIDC = DATA / "lidc-0314"


def needs(folder: Path) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not folder.is_dir(), reason=f"{folder.name} is not beside this clone")


def analyze(box: OwnBox, study: Path, out: Path) -> Report:
    done = subprocess.run(
        [aibox_command(), "analyze", str(study), "--out", str(out)],
        env=box.environment(),
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    assert "not a medical device" in done.stdout.lower()
    return Report.model_validate_json((out / "report.json").read_text())


@pytest.mark.timeout(500)
@needs(P001)
def test_a_real_covid_study(box: OwnBox, tmp_path: Path) -> None:
    report = analyze(box, P001, tmp_path)
    assert report.series.slices == 148
    assert report.series.transfer_syntaxes == ("1.2.840.10008.1.2.4.70",)
    assert report.findings.lesion_count > 0
    percent = report.findings.both_lungs.lesion_percent
    assert percent is not None
    assert percent > 1.0
    lungs = nibabel.load(tmp_path / "lungs.nii.gz")
    labels = np.asarray(lungs.dataobj)
    voxel_ml = abs(np.linalg.det(lungs.affine[:3, :3])) / 1000
    for label, region in enumerate(report.findings.lungs, start=1):
        assert labels[labels == label].size * voxel_ml == pytest.approx(
            region.lung_volume_ml, rel=0.01
        )
    html = (tmp_path / "report.html").read_text()
    assert "http-equiv" in html
    assert 'src="http' not in html


@pytest.mark.timeout(500)
@needs(LIDC)
def test_a_slab_without_pneumonia(box: OwnBox, tmp_path: Path) -> None:
    report = analyze(box, LIDC, tmp_path)
    coverage = report.findings.coverage
    assert (coverage.complete, coverage.apex_seen, coverage.base_seen) == (False, False, False)
    assert coverage.sentence.startswith("Neither the upper nor the lower end of the lungs")
    percent = report.findings.both_lungs.lesion_percent
    assert percent is not None
    assert percent < 1.0


@pytest.mark.timeout(600)
def test_the_demo_prints_what_it_measured_beside_the_truth(tmp_path: Path) -> None:
    own = OwnBox(state_dir=tmp_path / "state")
    done = subprocess.run(
        [aibox_command(), "demo", "--state", str(own.state_dir), "--out", str(tmp_path / "out")],
        env=own.environment(),
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr
    truth = StudyTruth.model_validate_json((own.state_dir / "demo" / "truth.json").read_text())
    assert truth.from_known_mask.both_ml == pytest.approx(truth.volumes.lesion_ml, rel=0.05)
    assert f"{truth.volumes.lesion_ml:.1f}" in done.stdout
    report = Report.model_validate_json((tmp_path / "out" / "report.json").read_text())
    assert report.synthetic
