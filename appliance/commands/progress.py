"""Progress bars for a study: the upload in bytes, the analysis by its stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed

from appliance.client import AiboxClient
from appliance.commands.console import notes
from serving.domain.job import Job
from serving.domain.lane import Lane


@contextmanager
def _bar(*columns: object, quiet: bool) -> Iterator[Progress]:
    shown = (TextColumn("{task.description:<24}"), BarColumn(), *columns, Elapsed())
    with Progress(*shown, console=notes, disable=quiet) as progress:  # type: ignore[arg-type]
        yield progress


def send(client: AiboxClient, path: Path, pipeline: str, lane: Lane, quiet: bool) -> Job:
    """Sends a study with a bar in bytes; returns its accepted job."""
    with _bar(DownloadColumn(), quiet=quiet) as progress:
        task = progress.add_task("sending", total=None)

        def sent(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        return client.analyze(path, pipeline=pipeline, priority=lane, progress=sent)


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
