"""The process that reads twins: real studies, the product's own networks, and its deaths."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.phantom import small_spec, write_study
from serving.domain.errors import CorruptModel, ModelNotReady
from serving.domain.pipeline import StudyTask
from serving.engine.settings import EngineSettings
from serving.graph.batch_register import find, register_folder
from serving.graph.twin_process import TwinProcess
from serving.jobs.twin_runner import TwinOrder
from serving.settings import ServingSettings

REPOSITORY = Path(__file__).parents[3] / "model_repo"
MODELS = {"nested_unet_covid": 1, "hrnet_covid": 1}


class Halted(Exception):
    """The attempt is to stop."""


class Twins:
    """A state directory with one small study, and the process over it."""

    def __init__(self, folder: Path) -> None:
        self.settings = ServingSettings(
            state_dir=folder / "state",
            box_version="1",
            engine=EngineSettings(repositories=(REPOSITORY,)),
        )
        self.settings.log_dir.mkdir(parents=True)
        self.process = TwinProcess(self.settings)
        self._instances = folder / "study"
        self._folder = folder
        self._count = 0
        write_study(small_spec(), self._instances)

    def order(self, models: dict[str, int] = MODELS) -> TwinOrder:
        self._count += 1
        results = self._folder / f"results-{self._count}"
        results.mkdir()
        task = StudyTask(f"twin{self._count}", self._instances, results, {}, "chest_ct@2")
        return TwinOrder("chest_ct", task, models)

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in find(register_folder(self.settings.run_dir), set())]


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[Twins]:
    made = Twins(tmp_path)
    yield made
    made.process.close()


def test_a_twin_is_read_by_idle_work_that_the_governor_knows(twins: Twins) -> None:
    order, stages = twins.order(), []
    held_s = twins.process.run(order, lambda share, stage: stages.append(stage))
    report = json.loads((order.task.results_dir / "report.json").read_text())
    assert report["release"] == "chest_ct@2"
    assert [model["version"] for model in report["models"]] == [1, 1]
    assert len(set(stages)) > 3, "its progress is told"
    assert held_s == 0.0
    (pid,) = twins.pids
    assert os.sched_getscheduler(pid) == os.SCHED_IDLE
    twins.process.run(twins.order(), _nothing)
    assert twins.pids == [pid], "it stays, and its models with it"


def test_what_cannot_be_read_is_said_and_the_next_twin_is_read(twins: Twins) -> None:
    with pytest.raises(CorruptModel, match="import it again"):
        twins.process.run(twins.order({"nested_unet_covid": 9}), _nothing)
    order = twins.order()
    twins.process.run(order, _nothing)
    assert (order.task.results_dir / "report.json").exists()


def test_a_process_that_dies_costs_one_attempt(twins: Twins) -> None:
    def kill(_: float, stage: str) -> None:
        for pid in twins.pids:
            os.kill(pid, signal.SIGKILL)

    with pytest.raises(ModelNotReady, match="ended by itself"):
        twins.process.run(twins.order(), kill)
    twins.process.run(twins.order(), _nothing)


def test_an_attempt_that_is_to_stop_ends_the_process(twins: Twins) -> None:
    twins.process.run(twins.order(), _nothing)
    (pid,) = twins.pids

    def halt(_: float, stage: str) -> None:
        raise Halted

    with pytest.raises(Halted):
        twins.process.run(twins.order(), halt)
    assert not Path(f"/proc/{pid}").exists()


def test_the_time_that_it_is_held_is_told(twins: Twins) -> None:
    twins.process.run(twins.order(), _nothing)
    (pid,) = twins.pids
    os.kill(pid, signal.SIGSTOP)
    letting_go = threading.Timer(1.0, os.kill, (pid, signal.SIGCONT))
    letting_go.start()
    began_s = time.monotonic()
    held_s = twins.process.run(twins.order(), _nothing)
    assert held_s == pytest.approx(1.0, abs=0.3)
    assert held_s < time.monotonic() - began_s


def _nothing(_: float, stage: str) -> None:
    pass
