"""Reads twins of studies: the settings and then orders on stdin, answers on stdout.

A process of its own: SCHED_IDLE counts for all of it, its inferences too, and the box's governor
holds it while interactive requests are at work. It ends when its parent does, or when nothing was
asked of it for a while: its models then leave memory.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from serving.domain.errors import AiboxError, InvalidRequest
from serving.domain.lane import Lane
from serving.domain.model_set import ModelSet
from serving.domain.pipeline import Pipeline
from serving.engine.heap import keep_freed_memory
from serving.engine.local import LocalEngine
from serving.engine.machine import read_machine
from serving.engine.plan import make_plan
from serving.graph.analysis_host import build_pipelines
from serving.graph.batch_lane import keep_to
from serving.graph.batch_register import register_folder
from serving.graph.parent_death import end_with_parent
from serving.graph.twin_line import AnswerLine, OrderLine
from serving.jobs.failure import place
from serving.logs import configure_logging
from serving.settings import ServingSettings

IDLE_S = 60.0
"""Without an order for so long the process ends."""
_NOTHING = ModelSet(generation=0)
"""No version serves here: each is loaded when a twin asks for it, and kept while memory allows."""

_log = logging.getLogger(__name__)
Tell = Callable[[AnswerLine], None]


def main() -> None:
    """Until stdin ends or nothing comes any more."""
    end_with_parent()
    tell = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints is no answer
    settings = ServingSettings.model_validate_json(sys.stdin.readline())
    plan = make_plan(read_machine(), settings.engine)
    keep_to(plan.batch_cpus, register_folder(settings.run_dir))
    keep_freed_memory()
    configure_logging(settings.state_dir, "twins", settings.log)
    pipelines = {pipeline.info.name: pipeline for pipeline in build_pipelines(settings)}

    def write(line: AnswerLine) -> None:
        tell.write(line.model_dump_json() + "\n")

    # A node's own streams and threads: what it has compiled is found, and answers are the same.
    with LocalEngine(settings.engine, settings.cache_dir, plan.nodes[0], _NOTHING) as engine:
        for order in _orders():
            _answer(order, pipelines, engine, write)


def _orders() -> Iterator[OrderLine]:
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(lines,), name="twin-orders", daemon=True).start()
    with suppress(queue.Empty):
        while text := lines.get(timeout=IDLE_S):
            yield OrderLine.model_validate_json(text)


def _read(lines: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    lines.put("")


def _answer(
    order: OrderLine, pipelines: Mapping[str, Pipeline], engine: LocalEngine, tell: Tell
) -> None:
    try:
        pipeline = pipelines.get(order.pipeline)
        if pipeline is None:
            raise InvalidRequest("this version of the box no longer has the twin's pipeline")
        models = {
            name: engine.model(name, Lane.BATCH, version=order.models.get(name))
            for name in pipeline.info.models
        }
        pipeline.run(
            order.task,
            models,
            lambda share, stage: tell(AnswerLine(what="progress", share=share, stage=stage)),
        )
    except AiboxError as error:
        tell(AnswerLine(what="error", kind=type(error).__name__, message=error.message))
    except Exception as error:  # its text may quote the study
        _log.warning("%s", place(error), extra={"job_id": order.job_id})
        tell(AnswerLine(what="error", kind=type(error).__name__))
    else:
        tell(AnswerLine(what="done"))


if __name__ == "__main__":
    main()
