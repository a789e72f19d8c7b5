"""What the radiomics commands do with a job: send, follow, fetch, say how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed

from appliance.client import AiboxClient
from appliance.client.radiomics_calls import JobOptions
from appliance.commands.console import notes, print_json
from appliance.commands.job_view import as_json as job_json
from appliance.commands.job_view import sentence
from appliance.commands.progress import follow
from appliance.private_folder import make_private
from serving.domain.job import Job, JobState

FAILED = 1
INTERRUPTED = 130

Send = Callable[[JobOptions], Job]


def run_job(client: AiboxClient, send: Send, options: JobOptions, quiet: bool) -> Job:
    """Sends, follows to the end and returns the job if it is done; else exits with 1."""
    job = _follow(client, _sent(send, options, quiet), quiet)
    if job.state is JobState.DONE:
        return job
    notes.print(f"aibox: {sentence(job)}", style="red", markup=False, soft_wrap=True)
    if quiet:
        print_json({"job": job_json(job), "results": None})
    raise typer.Exit(FAILED)


def fetch_into(client: AiboxClient, job: Job, out: Path) -> Path:
    """Writes the job's result files into a folder of its owner's alone."""
    folder = make_private(out)
    client.fetch(job, folder)
    return folder


def _sent(send: Send, options: JobOptions, quiet: bool) -> Job:
    columns = (TextColumn("{task.description:<24}"), BarColumn(), DownloadColumn(), Elapsed())
    with Progress(*columns, console=notes, disable=quiet) as progress:
        task = progress.add_task("sending", total=None)

        def tell(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        return send(replace(options, progress=tell))


def _follow(client: AiboxClient, job: Job, quiet: bool) -> Job:
    try:
        return follow(client.watch(job.job_id), quiet)
    except KeyboardInterrupt:
        notes.print(
            f"aibox: job {job.job_id} goes on; `aibox jobs watch {job.job_id}` follows it, "
            f"`aibox jobs cancel {job.job_id}` stops it",
            soft_wrap=True,
        )
        raise typer.Exit(INTERRUPTED) from None
