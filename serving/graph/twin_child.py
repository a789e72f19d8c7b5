"""Reads twins of studies: the settings and then orders on stdin, answers on stdout.

A process of its own: SCHED_IDLE counts for all of it, its inferences too, and the box's governor
holds it while interactive requests are at work. It ends when its parent does, or when nothing was
asked of it for a while: its models then leave memory.
"""

from __future__ import annotations

import logging
import queue
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial

from serving.domain.child_line import lines_of
from serving.domain.errors import AiboxError
from serving.domain.lane import Lane
from serving.domain.model_set import ModelSet
from serving.domain.pipeline import Pipeline
from serving.domain.slices import Progress
from serving.engine.heap import keep_freed_memory
from serving.engine.local import LocalEngine
from serving.engine.machine import read_machine
from serving.engine.plan import make_plan
from serving.graph.analysis_host import build_pipelines
from serving.graph.batch_lane import keep_to
from serving.graph.batch_register import register_folder
from serving.graph.child_answers import ChildAnswers
from serving.graph.parent_death import end_with_parent
from serving.jobs.failure import place
from serving.jobs.twin_runner import ORDERS, TwinOrder
from serving.logs import configure_logging
from serving.settings import ServingSettings

IDLE_S = 60.0
"""Without an order for so long the process ends."""
_NOTHING = ModelSet(generation=0)
"""No version serves here: each is loaded when a twin asks for it, and kept while memory allows."""

_log = logging.getLogger(__name__)


def main() -> None:
    """Until stdin ends or nothing comes any more."""
    end_with_parent()
    answers = ChildAnswers()
    settings = ServingSettings.model_validate_json(sys.stdin.readline())
    plan = make_plan(read_machine(), settings.engine)
    keep_to(plan.batch_cpus, register_folder(settings.run_dir))
    keep_freed_memory()
    configure_logging(settings.state_dir, "twins", settings.log)
    pipelines = {pipeline.info.name: pipeline for pipeline in build_pipelines(settings)}

    # A node's own streams and threads: what it has compiled is found, and answers are the same.
    with LocalEngine(settings.engine, settings.cache_dir, plan.nodes[0], _NOTHING) as engine:
        for order in _orders():
            answers.run(partial(_read, order, pipelines, engine))


def _orders() -> Iterator[TwinOrder]:
    lines = lines_of(sys.stdin)
    with suppress(queue.Empty):
        while text := lines.get(timeout=IDLE_S):
            yield ORDERS.validate_json(text)


def _read(
    order: TwinOrder,
    pipelines: Mapping[str, Pipeline],
    engine: LocalEngine,
    progress: Progress,
) -> None:
    try:
        pipeline = pipelines[order.pipeline]
        models = {
            name: engine.model(name, Lane.BATCH, version=order.models.get(name))
            for name in pipeline.info.models
        }
        pipeline.run(order.task, models, progress)
    except AiboxError:
        raise
    except Exception as error:  # its text may quote the study
        _log.warning("%s", place(error), extra={"job_id": order.task.job_id})
        raise


if __name__ == "__main__":
    main()
