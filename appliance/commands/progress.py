"""Progress bars for a job: the upload in bytes, the work by its stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed

from appliance.client import AiboxClient
from appliance.commands.console import notes
from serving.domain.job import Job

INTERRUPTED = 130

Sent = Callable[[int, int], None]
"""Called with bytes sent and bytes in all."""


@contextmanager
def _bar(*columns: object, quiet: bool) -> Iterator[Progress]:
    shown = (TextColumn("{task.description:<24}"), BarColumn(), *columns, Elapsed())
    with Progress(*shown, console=notes, disable=quiet) as progress:  # type: ignore[arg-type]
        yield progress


def send(deliver: Callable[[Sent], Job], quiet: bool) -> Job:
    """Shows a bar in bytes while `deliver` sends; returns its accepted job."""
    with _bar(DownloadColumn(), quiet=quiet) as progress:
        task = progress.add_task("sending", total=None)

        def sent(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        return deliver(sent)


def follow_or_leave(client: AiboxClient, job: Job, quiet: bool) -> Job:
    """Follows a job to its end; Ctrl-C leaves it to the box, says how to get back, and exits."""
    try:
        return follow(client.watch(job.job_id), quiet)
    except KeyboardInterrupt:
        notes.print(
            f"aibox: job {job.job_id} goes on; `aibox jobs watch {job.job_id}` follows it, "
            f"`aibox jobs cancel {job.job_id}` stops it",
            soft_wrap=True,
        )
        raise typer.Exit(INTERRUPTED) from None


def follow(states: Iterable[Job], quiet: bool, tell: Callable[[Job], None] = lambda _: None) -> Job:
    """Shows a job's stages until it is final; returns it as it ended.

    The bar never runs backwards, though a job that survived a crash starts again.
    """
    last: Job | None = None
    furthest = 0.0
    with _bar(TaskProgressColumn(), quiet=quiet) as progress:
        task = progress.add_task("waiting", total=1.0)
        for last in states:
            furthest = max(furthest, last.progress)
            stage = last.state.value if last.state.final else (last.stage or "waiting")
            progress.update(task, completed=furthest, description=stage)
            tell(last)
    assert last is not None, "a watched job has at least one state"
    return last
