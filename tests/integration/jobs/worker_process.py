"""A worker in a process of its own, for tests that kill it: `worker_process.py STATE POINT`.

POINT says where the process kills itself with SIGKILL during its first job: `run` in the middle of
the pipeline, `renamed` after the results took their name and before the job is DONE, `sealed` just
before they take it; `never` works until the queue is empty.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

from serving.domain.errors import ModelNotReady
from serving.domain.pipeline import PipelineInfo
from serving.jobs.attempt import Workshop
from serving.jobs.results import ResultStore
from serving.jobs.settings import IntakeSettings, JobSettings
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore
from serving.jobs.worker import JobWorker


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class CountingPipeline:
    """Counts the instances; leaves a line in `runs.log` for each time it was run to its end."""

    info = PipelineInfo("count", "1.0", ())

    def __init__(self, state: Path, point: str) -> None:
        self._log = state / "runs.log"
        self._point = point

    def run(self, task, models, progress):
        progress(0.1, "counting")
        (task.results_dir / "half.txt").write_text("half")
        if self._point == "run":
            die()
        time.sleep(0.01)
        count = len(list(task.instances_dir.iterdir()))
        (task.results_dir / "report.json").write_text(json.dumps({"instances": count}))
        (task.results_dir / "half.txt").unlink()
        with self._log.open("a") as log:
            log.write(f"{task.job_id}\n")
        progress(1.0, "counted")


class DyingResults(ResultStore):
    """Kills the process beside the step that publishes."""

    point = "never"

    def publish(self, job_id, folder, check):
        def check_or_die():
            check()
            if self.point == "sealed":
                die()

        files = super().publish(job_id, folder, check_or_die)
        if self.point == "renamed":
            die()
        return files


def no_model(name, lane):
    raise ModelNotReady("the pipeline of this test uses none")


def build(state: Path, point: str) -> tuple[JobStore, JobWorker]:
    settings = JobSettings(
        lease_s=60, heartbeat_s=0.5, poll_s=0.02, intake=IntakeSettings(min_free_disk_gb=0)
    )
    store = JobStore(state / "jobs.sqlite")
    results = DyingResults(state / "results")
    results.point = point
    shop = Workshop(
        store,
        Spool(state / "spool", settings.intake),
        results,
        {"count": CountingPipeline(state, point)},
        no_model,
        settings,
    )
    return store, JobWorker(shop)


def main(state: Path, point: str) -> None:
    store, worker = build(state, point)
    worker.recover()
    while worker.run_one():
        pass
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
