"""One case from the shell: in this process, on the box, or with a mask that the box makes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from appliance.client import AiboxClient
from appliance.client.radiomics_calls import JobOptions
from appliance.commands.analyze import FAILED, analyze_study
from appliance.commands.connection import connect
from appliance.commands.console import answers, notes, print_json
from appliance.commands.infer import Priority
from appliance.commands.radiomics_job import run_job
from appliance.private_folder import make_private
from appliance.version import box_version
from serving.domain.errors import InvalidRequest
from serving.domain.job import Job, JobState
from serving.domain.lane import Lane
from serving.radiomics.cohort.case_run import run_case
from serving.radiomics.cohort.manifest import CohortCase, Manifest
from serving.radiomics.cohort.table import CSV_NAME, Provenance
from serving.radiomics.job.case_ledger import CaseLedger
from serving.radiomics.job.extract_results import SUMMARY_NAME, ExtractSummary, write_results
from serving.radiomics.job.extraction_request import extraction_settings

LESIONS = "lesions.nii.gz"
"""Of the box's own masks the one whose regions are findings."""


@dataclass(frozen=True, slots=True)
class OneCase:
    """What `aibox radiomics extract --image` was asked for."""

    image: Path
    mask: Path | None
    roi: str
    preset: str
    settings_json: str
    lane: Lane


def extract_here(case: OneCase, out: Path, as_json: bool) -> None:
    """Computes the case in this process; exit 1 where it fails."""
    settings = extraction_settings(case.preset, case.settings_json)
    mask = str(case.mask.resolve()) if case.mask else None
    row = CohortCase(1, 2, "case", str(case.image.resolve()), mask, case.roi or None)
    result = run_case(row, Path("/"), settings)
    with _scratch() as folder:
        ledger = CaseLedger(folder / "records", settings)
        ledger.keep(row, result)
        manifest = Manifest((row,), ("case_id", "image", "mask", "roi"))
        summary = write_results(folder, manifest, ledger, Provenance(settings, box_version()))
        _finish(summary, folder, out, as_json)


def extract_on_box(
    case: OneCase, out: Path, address: str | None, state: Path | None, as_json: bool
) -> None:
    """Sends the case to the box; exit 1 where it fails."""
    with connect(address, state) as client:
        _extract(client, case, out, as_json)


def segment_on_box(
    case: OneCase,
    pipeline: str,
    out: Path,
    address: str | None,
    state: Path | None,
    as_json: bool,
) -> None:
    """Lets the box find the lesions first, then computes the features of those; exit 1 as above."""
    with connect(address, state) as client, _scratch() as folder:
        urgency = Priority(case.lane.label)
        job = analyze_study(client, case.image, pipeline, urgency, quiet=as_json)
        if job.state is not JobState.DONE:
            raise InvalidRequest(f"the box made no mask: {job.error_message or job.state.value}")
        mask = client.fetch_file(job, LESIONS, folder)
        _extract(client, replace(case, mask=mask), out, as_json)


def _extract(client: AiboxClient, case: OneCase, out: Path, as_json: bool) -> None:
    def ask(client: AiboxClient, options: JobOptions) -> Job:
        return client.radiomics.extract_case(
            case.image,
            case.mask,
            roi=case.roi,
            preset=case.preset,
            settings_json=case.settings_json,
            options=options,
        )

    job = run_job(client, ask, case.lane, quiet=as_json)
    with _scratch() as folder:
        client.fetch(job, folder)
        summary = ExtractSummary.model_validate_json((folder / SUMMARY_NAME).read_text("utf-8"))
        _finish(summary, folder, out, as_json)


def _finish(summary: ExtractSummary, folder: Path, out: Path, as_json: bool) -> None:
    """Puts the table where it is wanted, or says why there is none."""
    counts = summary.counts
    lines = (*counts.errors, *counts.region_errors)
    failed = bool(counts.errors)
    if not failed:
        make_private(out.parent)
        shutil.copyfile(folder / CSV_NAME, out)
    if as_json:
        where = None if failed else str(out)
        print_json({"table": where, **counts.model_dump(mode="json")})
    else:
        for line in lines:
            notes.print(f"aibox: {line}", style="red", markup=False, soft_wrap=True)
        if not failed:
            answers.print(
                f"{counts.regions} regions, {summary.features} features in {out}",
                soft_wrap=True,
                markup=False,
            )
    if failed:
        raise typer.Exit(FAILED)


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="aibox-") as folder:
        yield Path(folder)
