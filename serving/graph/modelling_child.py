"""Trains or predicts: `modelling_child REGISTER CPUS JOB RESULTS MODELS VERSION`.

A process of its own: SCHED_IDLE counts for all of it, and ending it ends the work at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from serving.domain.errors import AiboxError
from serving.graph.batch_lane import keep_to
from serving.graph.parent_death import end_with_parent
from serving.radiomics.job.child import ChildLine
from serving.radiomics.job.model_work import ModelWork


def main(register: str, cpus: str, job: str, results: str, models: str, version: str) -> None:
    """Tells progress and the end on stdout, nothing else."""
    end_with_parent()
    chosen = tuple(map(int, cpus.split(",")))
    keep_to(chosen, Path(register))
    tell = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def write(line: ChildLine) -> None:
        tell.write(line.model_dump_json() + "\n")

    def progress(share: float, stage: str) -> None:
        write(ChildLine(what="progress", share=share, stage=stage))

    try:
        work = ModelWork(Path(job), Path(results), Path(models), version, threads=len(chosen))
        work.run(progress)
    except AiboxError as error:
        write(ChildLine(what="error", kind=type(error).__name__, message=error.message))
    except BaseException as error:  # its text may quote the table that it worked on
        write(ChildLine(what="error", kind=type(error).__name__))
    else:
        write(ChildLine(what="done"))


if __name__ == "__main__":
    main(*sys.argv[1:])
