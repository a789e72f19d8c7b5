"""A cohort from the shell: sent, followed case by case, fetched, its failed cases listed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from appliance.commands.console import answers, notes, print_json
from appliance.commands.job_view import as_json as job_json
from appliance.commands.radiomics_job import run_into
from serving.domain.job import Job
from serving.domain.lane import Lane
from serving.radiomics.job.extract_results import SUMMARY_NAME, ExtractSummary

SHOWN_ERRORS = 20


@dataclass(frozen=True, slots=True)
class CohortWish:
    """What `aibox radiomics extract --manifest` was asked for."""

    manifest: Path
    in_place: bool
    preset: str
    settings_json: str
    lane: Lane


def extract_cohort(
    wish: CohortWish, out: Path, address: str | None, state: Path | None, as_json: bool
) -> None:
    """Runs the cohort on the box and writes its results into the folder `out`."""
    job, folder = run_into(
        out,
        lambda client, options: client.radiomics.extract(
            wish.manifest,
            preset=wish.preset,
            settings_json=wish.settings_json,
            in_place=wish.in_place,
            options=options,
        ),
        wish.lane,
        (address, state),
        quiet=as_json,
    )
    summary = read_summary(folder)
    if as_json:
        print_json(_as_json(job, folder, summary))
    else:
        _print(summary, folder)


def read_summary(folder: Path) -> ExtractSummary:
    """The summary among a job's results."""
    return ExtractSummary.model_validate_json((folder / SUMMARY_NAME).read_text("utf-8"))


def _as_json(job: Job, folder: Path, summary: ExtractSummary) -> dict[str, object]:
    return {
        "job": job_json(job),
        "results": str(folder),
        **summary.counts.model_dump(mode="json"),
        "features": summary.features,
    }


def _print(summary: ExtractSummary, folder: Path) -> None:
    counts = summary.counts
    lines = (*counts.errors, *counts.region_errors)
    for line in lines[:SHOWN_ERRORS]:
        notes.print(f"aibox: {line}", style="yellow", markup=False, soft_wrap=True)
    if len(lines) > SHOWN_ERRORS:
        notes.print(f"aibox: and {len(lines) - SHOWN_ERRORS} more in {folder / SUMMARY_NAME}")
    failed = f", {counts.failed} failed" if counts.failed else ""
    answers.print(
        f"{counts.done} of {counts.cases} cases done{failed}: {counts.regions} regions, "
        f"{summary.features} features; results in {folder}",
        soft_wrap=True,
        markup=False,
    )
