"""A synthetic study's truth and the tables for a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from appliance.findings_table import print_report, read_report, sentences
from appliance.study_truth import read_truth
from appliance.synthetic_study import make_synthetic_study
from appliance.truth_table import truth_table
from provisioning.phantom import PhantomSpec
from serving.domain.errors import AiboxError
from serving.domain.finding import (
    Agreement,
    ChestCtFindings,
    Code,
    Confidence,
    Coverage,
    ModelUse,
    NoticeEntry,
    Region,
    Report,
    SeriesEntry,
    Severity,
    Side,
    SubjectEntry,
    Zone,
)

CODE = Code(scheme="SCT", code="39607008", meaning="Lung")
COARSE = PhantomSpec(slices=60, rows=128, columns=128, spacing_mm=(5.0, 2.96, 2.96))


def region(side: Side | None, zone: Zone | None, lesion_ml: float) -> Region:
    return Region(
        side=side,
        zone=zone,
        anatomy=CODE,
        lung_volume_ml=2000.0,
        lesion_volume_ml=lesion_ml,
        lesion_percent=lesion_ml / 20,
        mean_lung_hu=-800.0,
        mean_lesion_hu=None,
    )


def make_report() -> Report:
    return Report(
        pipeline="chest_ct",
        pipeline_version="1.0.0",
        box_version="0.1.0",
        job_id="j",
        created_at="2026-11-22T12:00:00Z",
        synthetic=True,
        disclaimer="Not a medical device.",
        subject=SubjectEntry.model_construct(patient_name="DOE^JOHN"),
        series=SeriesEntry.model_construct(slices=3),
        findings=ChestCtFindings(
            finding=CODE,
            both_lungs=region(None, None, 150.0),
            lungs=(region(Side.RIGHT, None, 100.0), region(Side.LEFT, None, 50.0)),
            zones=(region(Side.RIGHT, Zone.UPPER, 12.3),),
            lesion_count=2,
            largest_lesion_ml=80.0,
            lesions=(),
            severity=Severity(
                name="Six-zone CT score",
                value=7,
                maximum=24,
                per_region={"right_upper": 3},
                source="s",
                method="m",
            ),
            coverage=Coverage(
                complete=False, apex_seen=True, base_seen=False, sentence="The base is missing."
            ),
        ),
        notices=(NoticeEntry(code="gap", message="Two slices are missing."),),
        models=(
            ModelUse(
                name="unet",
                version=1,
                digest="ab" * 32,
                precision="fp32",
                effective_precision="f32",
                disclaimer="d",
            ),
        ),
        timings_s={},
        files=(),
    )


def shown(*parts: object) -> str:
    console = Console(width=160)
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    return captured.get()


def test_the_table_says_what_its_numbers_depend_on_and_names_nobody() -> None:
    console = Console(width=160)
    with console.capture() as captured:
        print_report(console, make_report())
    text = captured.get()
    for expected in (
        "synthetic study",
        "7 of 24",
        "The base is missing.",
        "Two slices are missing.",
        "unet 1 (fp32, computed in f32, digest abababababab)",
        "Not a medical device.",
    ):
        assert expected in text
    row = next(line for line in text.splitlines() if "right upper" in line)
    assert [cell.strip() for cell in row.replace("┃", "│").split("│")[2:6]] == [
        "2000",
        "12.3",
        "0.61",
        "3",
    ]
    assert "DOE" not in text


def test_the_agreement_of_two_networks_is_told_once() -> None:
    alone = " ".join(sentences(make_report()))
    assert "one network read the study" in alone
    told = Agreement(
        confidence=Confidence.LOW,
        dice=0.3,
        networks=(),
        sentence="The two networks disagree (Dice 0.30).",
        method="m",
    )
    findings = make_report().findings.model_copy(update={"agreement": told})
    notices = (NoticeEntry(code="low_agreement", message=told.sentence),)
    report = make_report().model_copy(update={"findings": findings, "notices": notices})
    lines = sentences(report)
    assert "confidence: low. The two networks disagree (Dice 0.30)." in lines
    assert " ".join(lines).count("disagree") == 1


def test_truth_stands_beside_the_known_mask_and_the_network(tmp_path: Path) -> None:
    truth = make_synthetic_study(tmp_path / "study", COARSE)
    path = tmp_path / "truth.json"
    path.write_text(truth.model_dump_json())
    assert read_truth(path) == truth
    exact, measured = truth.volumes, truth.from_known_mask
    assert measured.both_ml == pytest.approx(exact.lesion_ml, rel=0.05)
    assert measured.right_ml == pytest.approx(exact.right_lesion_ml, rel=0.05)
    assert measured.left_ml == pytest.approx(exact.left_lesion_ml, rel=0.05)
    row = shown(truth_table(make_report(), truth)).splitlines()[4]
    assert f"{exact.lesion_ml:.1f}" in row
    assert "150.0" in row


@pytest.mark.parametrize("text", ["", "{}", "no json"])
def test_files_that_are_something_else_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(AiboxError, match="report"):
        read_report(tmp_path)
    with pytest.raises(AiboxError, match="truth"):
        read_truth(tmp_path / "report.json")
