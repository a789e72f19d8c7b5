"""Lanes, overload, deadlines and cancellation through the real engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.domain.cpu_plan import NodePlan
from serving.domain.errors import DeadlineExceeded, Overloaded
from serving.domain.inference import InferenceRequest, InferenceResponse
from serving.domain.lane import Lane
from serving.domain.tensor import Datatype, Tensor
from serving.engine.engine import InferenceEngine
from serving.engine.settings import EngineSettings
from tests.unit.engine import tiny_models as tiny

ONES = np.ones((500, 500), np.float32)
Nodes = Callable[..., NodePlan]


class Notebook:
    """An observer that writes everything down."""

    def __init__(self) -> None:
        self.answers: list[Lane] = []
        self.refusals: list[tuple[Lane, str, str]] = []
        self.loads: list[tuple[int, int, int, int]] = []

    def answered(self, lane: Lane, response: InferenceResponse) -> None:
        self.answers.append(lane)

    def refused(self, lane: Lane, model_name: str, error_kind: str) -> None:
        self.refusals.append((lane, model_name, error_kind))

    def load_changed(self, queued: int, queued_bytes: int, busy_slots: int, slots: int) -> None:
        self.loads.append((queued, queued_bytes, busy_slots, slots))


@pytest.fixture
async def book() -> Notebook:
    return Notebook()


@pytest.fixture
async def engine(repository: Path, node: Nodes, book: Notebook) -> Any:
    tiny.write_version(repository, "slow", tiny.slow())
    settings = EngineSettings(repositories=(repository,), max_queue_requests=8)
    engine = InferenceEngine(settings, node(), repository.parent / "cache", book)
    await engine.start()
    yield engine
    await engine.close()


def ask(engine: InferenceEngine, lane: Lane = Lane.ROUTINE, **kwargs: Any) -> asyncio.Task[Any]:
    tensor = Tensor("x", Datatype.FP32, ONES)
    return asyncio.ensure_future(
        engine.infer(InferenceRequest("slow", (tensor,), lane=lane, **kwargs))
    )


async def test_a_stat_request_overtakes_all_that_waits(
    engine: InferenceEngine, book: Notebook
) -> None:
    tasks = [ask(engine, Lane.BATCH), ask(engine, Lane.BATCH), ask(engine), ask(engine)]
    await asyncio.sleep(0)
    await asyncio.gather(ask(engine, Lane.STAT), *tasks)
    assert book.answers == [Lane.BATCH, Lane.STAT, Lane.ROUTINE, Lane.ROUTINE, Lane.BATCH]
    assert book.loads[-1] == (0, 0, 0, 1)


async def test_a_full_queue_refuses_at_once_and_stat_still_gets_in(
    engine: InferenceEngine, book: Notebook
) -> None:
    tasks = [ask(engine) for _ in range(9)]
    await asyncio.sleep(0)
    started_s = time.monotonic()
    with pytest.raises(Overloaded):
        await ask(engine)
    assert time.monotonic() - started_s < 0.02
    await ask(engine, Lane.STAT)
    assert book.refusals == [(Lane.ROUTINE, "slow", "Overloaded")]
    await asyncio.gather(*tasks)
    counted = engine.statistics("slow")[0]
    assert (counted.success.count, counted.fail.count, counted.execution_count) == (10, 1, 10)
    assert counted.queue.ns > counted.compute_infer.ns / 2


async def test_a_deadline_ends_the_wait_when_it_passes(engine: InferenceEngine) -> None:
    running = [ask(engine) for _ in range(6)]
    await asyncio.sleep(0)
    started_s = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        await ask(engine, deadline_s=started_s + 0.005)
    assert time.monotonic() - started_s < 0.1
    await asyncio.gather(*running)
    assert engine.statistics("slow")[0].execution_count == 6


async def test_who_goes_away_leaves_the_queue(engine: InferenceEngine, book: Notebook) -> None:
    tasks = [ask(engine) for _ in range(4)]
    await asyncio.sleep(0)
    for task in tasks[:3]:  # the first runs already, and is let run
        task.cancel()
    await tasks[3]
    assert engine.queue_length() == 0
    assert [kind for _, _, kind in book.refusals] == ["CancelledError"] * 3
    assert book.answers == [Lane.ROUTINE]
    await ask(engine)
