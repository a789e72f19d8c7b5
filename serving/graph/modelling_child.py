"""Trains or predicts: `modelling_child REGISTER CPUS JOB RESULTS MODELS VERSION`.

A process of its own: SCHED_IDLE counts for all of it, and ending it ends the work at once.
"""

from __future__ import annotations

import sys
from pathlib import Path

from serving.domain.slices import Progress
from serving.graph.batch_lane import keep_to
from serving.graph.child_answers import ChildAnswers
from serving.graph.parent_death import end_with_parent
from serving.radiomics.job.model_work import ModelWork


def main(register: str, cpus: str, job: str, results: str, models: str, version: str) -> None:
    """Tells progress and the end on stdout, nothing else."""
    end_with_parent()
    chosen = tuple(map(int, cpus.split(",")))
    keep_to(chosen, Path(register))

    def work(progress: Progress) -> None:
        made = ModelWork(Path(job), Path(results), Path(models), version, threads=len(chosen))
        made.run(progress)

    ChildAnswers().run(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
