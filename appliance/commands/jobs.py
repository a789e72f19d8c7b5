"""`aibox jobs`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from appliance.box_config import load_config, serving_settings
from appliance.commands.connection import connect
from appliance.commands.console import answers, print_json
from appliance.commands.job_view import as_json as job_json
from appliance.commands.job_view import jobs_table, sentence
from appliance.commands.jobs_retry import retry
from appliance.commands.options import AddressOption, ConfigOption, JsonOption, StateOption
from appliance.commands.progress import follow
from appliance.private_folder import make_private
from serving.domain.job import Job, JobState
from serving.jobs.results import ResultStore
from serving.jobs.retention import PurgeReport, Retention
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore

MIB = 2**20
FAILED = 1

commands = typer.Typer(
    help="Follow, stop, fetch and purge jobs.", no_args_is_help=True, add_completion=False
)
commands.command()(retry)
JobId = Annotated[str, typer.Argument(help="Id of the job.")]


@commands.command("list")
def list_jobs(
    states: Annotated[
        list[JobState] | None, typer.Option("--only", help="Only jobs in this state.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    address: AddressOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """List jobs, newest first."""
    with connect(address, state) as client:
        found = client.jobs(states or (), limit)
    if as_json:
        print_json([job_json(job) for job in found])
    else:
        answers.print(jobs_table(found) if found else "no jobs")


@commands.command()
def show(
    job_id: JobId,
    address: AddressOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one job and its result files."""
    with connect(address, state) as client:
        job = client.job(job_id)
    _print_job(job, as_json)


@commands.command()
def watch(
    job_id: JobId,
    address: AddressOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follow a job until it ends (--json: one line a change); exit 1 unless it is done."""
    with connect(address, state) as client:
        tell = _print_line if as_json else lambda _: None
        job = follow(client.watch(job_id), quiet=as_json, tell=tell)
    if not as_json:
        answers.print(sentence(job), soft_wrap=True, markup=False)
    if job.state is not JobState.DONE:
        raise typer.Exit(FAILED)


@commands.command()
def cancel(
    job_id: JobId,
    address: AddressOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a job to stop."""
    with connect(address, state) as client:
        job = client.cancel(job_id)
    if as_json:
        print_json(job_json(job))
    else:
        asked = "" if job.state.final else " and was asked to stop"
        answers.print(f"{sentence(job)}{asked}", soft_wrap=True, markup=False)


@commands.command()
def fetch(
    job_id: JobId,
    out: Annotated[Path | None, typer.Option(help="Folder; else results/<job>.")] = None,
    address: AddressOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the result files of a job."""
    folder = make_private(out or Path("results") / job_id)
    with connect(address, state) as client:
        written = client.fetch(client.job(job_id), folder)
    if as_json:
        print_json([str(path) for path in written])
    else:
        answers.print(f"{len(written)} files in {folder}", soft_wrap=True, markup=False)


@commands.command()
def purge(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    older_than_days: Annotated[
        float | None, typer.Option(min=0, help="In place of jobs.retention.retention_days.")
    ] = None,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove studies, results and jobs that have been kept long enough, box running or not."""
    settings = serving_settings(load_config(config, state))
    if not settings.jobs_db.exists():
        answers.print("nothing to purge: no job was ever made here")
        return
    retention = Retention(
        JobStore(settings.jobs_db),
        Spool(settings.spool_dir, settings.jobs.intake),
        ResultStore(settings.results_dir),
        settings.jobs.retention,
    )
    report = retention.purge(dry_run, older_than_days)
    if as_json:
        print_json(asdict(report))
    else:
        _print_purge(report)


def _print_job(job: Job, as_json: bool) -> None:
    if as_json:
        print_json(job_json(job))
        return
    answers.print(jobs_table([job]))
    if job.state is JobState.FAILED:
        answers.print(sentence(job), soft_wrap=True, markup=False)
    for file in job.files:
        answers.print(f"  {file.name}  {file.size_bytes} bytes", markup=False)


def _print_line(job: Job) -> None:
    typer.echo(json.dumps(job_json(job)))


def _print_purge(report: PurgeReport) -> None:
    verb = "would be removed" if report.dry_run else "removed"
    answers.print(
        f"{verb}: {report.jobs} jobs with {report.result_bytes / MIB:.1f} MiB of results, "
        f"images of {report.spools} studies ({report.spool_bytes / MIB:.1f} MiB), "
        f"{report.abandoned_folders} abandoned folders"
    )
