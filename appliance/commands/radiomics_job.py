"""What the radiomics commands do with a job: send, follow, fetch, say how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import typer

from appliance.client import AiboxClient
from appliance.client.radiomics_calls import JobOptions
from appliance.commands.connection import connect
from appliance.commands.console import answers, notes, print_json
from appliance.commands.job_view import as_json as job_json
from appliance.commands.job_view import sentence
from appliance.commands.progress import follow_or_leave, send
from appliance.private_folder import make_private
from serving.domain.job import Job, JobState
from serving.domain.lane import Lane

FAILED = 1

Ask = Callable[[AiboxClient, JobOptions], Job]


def run_into(
    out: Path, ask: Ask, lane: Lane, box: tuple[str | None, Path | None], quiet: bool
) -> tuple[Job, Path]:
    """Runs a job on the box at `box` (address, state directory) and fetches what it made.

    The result files go into the folder `out`, its owner's alone.
    """
    with connect(*box) as client:
        job = run_job(client, ask, lane, quiet)
        folder = make_private(out)
        client.fetch(job, folder)
    return job, folder


def run_job(client: AiboxClient, ask: Ask, lane: Lane, quiet: bool) -> Job:
    """Sends, follows to the end and returns the job if it is done; else exits with 1."""
    options = JobOptions(lane)
    sent = send(lambda tell: ask(client, replace(options, progress=tell)), quiet)
    job = follow_or_leave(client, sent, quiet)
    if job.state is JobState.DONE:
        return job
    notes.print(f"aibox: {sentence(job)}", style="red", markup=False, soft_wrap=True)
    if quiet:
        print_json({"job": job_json(job), "results": None})
    raise typer.Exit(FAILED)


def tell_results(job: Job, folder: Path, said: str, as_json: bool) -> None:
    """Prints where the results are: `said`, or as JSON."""
    if as_json:
        print_json({"job": job_json(job), "results": str(folder)})
    else:
        answers.print(said, soft_wrap=True, markup=False)
