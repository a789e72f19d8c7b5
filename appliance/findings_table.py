"""The findings of a chest CT as tables for a terminal."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from appliance.errors import BoxFailed
from serving.domain.finding import Agreement, Region, Report

REPORT_NAME = "report.json"


def read_report(folder: Path) -> Report:
    """`report.json` of a folder of results. Raises BoxFailed."""
    try:
        return Report.model_validate_json((folder / REPORT_NAME).read_text("utf-8"))
    except (OSError, ValidationError):
        raise BoxFailed(
            f"{REPORT_NAME} in the results is missing or of another version than this client"
        ) from None


def print_report(console: Console, report: Report) -> None:
    """The table of regions, then everything that its numbers depend on."""
    console.print(regions_table(report))
    for line in sentences(report):
        console.print(line, soft_wrap=True, markup=False)


def regions_table(report: Report) -> Table:
    """Both lungs, each lung, each zone: millilitres, per cent, score, mean HU."""
    kind = "synthetic study" if report.synthetic else "study"
    table = Table(
        title=f"{report.pipeline} {report.pipeline_version}, {kind}", title_justify="left"
    )
    table.add_column("region")
    for title in ("lung ml", "lesion ml", "lesion %", "score", "lung HU", "lesion HU"):
        table.add_column(title, justify="right")
    findings = report.findings
    scores = findings.severity.per_region
    for region in (findings.both_lungs, *findings.lungs):
        table.add_row(*_cells(region, ""), style="bold")
    table.add_section()
    for region in findings.zones:
        table.add_row(*_cells(region, str(scores.get(region_key(region), ""))))
    return table


def sentences(report: Report) -> list[str]:
    """What a reader of the numbers must know, each in a line."""
    found = report.findings
    score = found.severity
    models = ", ".join(
        f"{m.name} {m.version} ({m.precision}, computed in {m.effective_precision}, "
        f"digest {m.digest[:12]})"
        for m in report.models
    )
    return [
        f"{score.name}: {score.value} of {score.maximum}",
        f"lesions: {found.lesion_count}, the largest {found.largest_lesion_ml:.1f} ml",
        *_confidence(found.agreement),
        f"coverage: {found.coverage.sentence}",
        *(f"notice: {n.message}" for n in report.notices if n.code != "low_agreement"),
        f"made by aibox {report.box_version} with {models}",
        report.disclaimer,
    ]


def _confidence(agreement: Agreement | None) -> list[str]:
    if agreement is None:
        return ["confidence: one network read the study; there is no second reading to compare"]
    return [f"confidence: {agreement.confidence.value}. {agreement.sentence}"]


def region_key(region: Region) -> str:
    """The region's name among the scores: `right_upper`."""
    return "_".join(part.value for part in (region.side, region.zone) if part is not None)


def _cells(region: Region, score: str) -> tuple[str, ...]:
    name = region_key(region).replace("_", " ") or "both lungs"
    return (
        name,
        f"{region.lung_volume_ml:.0f}",
        f"{region.lesion_volume_ml:.1f}",
        _number(region.lesion_percent, 2),
        score,
        _number(region.mean_lung_hu, 0),
        _number(region.mean_lesion_hu, 0),
    )


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
