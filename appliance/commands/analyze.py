"""`aibox analyze`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from appliance.client import AiboxClient
from appliance.commands.connection import connect
from appliance.commands.console import answers, notes, print_json
from appliance.commands.infer import Priority, PriorityOption
from appliance.commands.job_view import as_json as job_json
from appliance.commands.job_view import sentence
from appliance.commands.options import AddressOption, JsonOption, StateOption
from appliance.commands.progress import follow_or_leave, send
from appliance.findings_table import print_report, read_report
from appliance.private_folder import make_private
from appliance.study_files import open_study
from appliance.study_truth import read_truth
from appliance.truth_table import truth_table
from serving.domain.job import Job, JobState

FAILED = 1


def analyze(
    path: Annotated[Path, typer.Argument(exists=True, help="Folder, file or zip of DICOM.")],
    pipeline: Annotated[str, typer.Option(help="Else chest_ct.")] = "",
    priority: PriorityOption = Priority.ROUTINE,
    out: Annotated[Path | None, typer.Option(help="Folder; else results/<job>.")] = None,
    truth: Annotated[
        Path | None, typer.Option(exists=True, help="truth.json of a synthetic study.")
    ] = None,
    address: AddressOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a study to the box, wait for its findings and write the results.

    Exit 0 when done, 1 when the job failed, 2 on wrong usage.
    """
    with connect(address, state) as client:
        job = analyze_study(client, path, pipeline, priority, quiet=as_json)
        if job.state is not JobState.DONE:
            notes.print(f"aibox: {sentence(job)}", style="red", markup=False, soft_wrap=True)
            if as_json:
                print_json({"job": job_json(job), "results": None})
            raise typer.Exit(FAILED)
        folder = fetch_results(client, job, out)
    if as_json:
        print_json({"job": job_json(job), "results": str(folder)})
        return
    report = read_report(folder)
    print_report(answers, report)
    if truth is not None:
        answers.print(truth_table(report, read_truth(truth)))
    answers.print(f"results in {folder}", soft_wrap=True, markup=False)


def analyze_study(
    client: AiboxClient, path: Path, pipeline: str, priority: Priority, quiet: bool
) -> Job:
    """Sends a study and follows its job to the end, with progress bars."""
    _say_what_is_skipped(path, quiet)
    job = send(
        lambda sent: client.analyze(path, pipeline=pipeline, priority=priority.lane, progress=sent),
        quiet,
    )
    return follow_or_leave(client, job, quiet)


def fetch_results(client: AiboxClient, job: Job, out: Path | None) -> Path:
    """Writes a job's result files and says where."""
    folder = make_private(out or Path("results") / job.job_id)
    client.fetch(job, folder)
    return folder


def _say_what_is_skipped(path: Path, quiet: bool) -> None:
    with open_study(path) as study:
        if study.skipped and not quiet:
            notes.print(f"aibox: {study.skipped} files are no DICOM instances and stay behind")
