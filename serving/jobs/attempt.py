"""One attempt at one job, from the claim to its outcome."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from serving.domain.errors import IllegalTransition, InvalidRequest
from serving.domain.job import JobState, ResultFile
from serving.domain.pipeline import Pipeline, StudyTask
from serving.domain.routing import ModelSets
from serving.jobs.failure import judge, place
from serving.jobs.heart import Heart
from serving.jobs.interruption import CancelWanted, LeaseLost, ReleaseMoved, WorkerStopping
from serving.jobs.lease import Lease
from serving.jobs.pinned_models import ModelSource, PinnedModels
from serving.jobs.results import ResultStore
from serving.jobs.settings import JobSettings
from serving.jobs.spool import Spool
from serving.jobs.store import ANY_KIND, JobStore
from serving.jobs.transitions import CANCELLED, Outcome
from serving.jobs.twin_runner import TwinOrder, TwinRunner

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every attempt works with; `transient` as in `failure.judge`."""

    store: JobStore
    spool: Spool
    results: ResultStore
    pipelines: Mapping[str, Pipeline]
    model_source: ModelSource
    settings: JobSettings
    transient: tuple[type[BaseException], ...] = ()
    kinds: tuple[str, ...] = ANY_KIND
    """Kinds of job that this workshop claims."""
    model_sets: ModelSets | None = None
    """What serves now; None where jobs run no releases."""
    twins: bool = False
    """Whether this workshop also runs the hidden twins of studies."""
    twin_runner: TwinRunner | None = None
    """Where their pipelines run; None: here, as those of studies."""


class Attempt:
    """Runs a claimed job and settles it; whatever happens ends here and is not raised."""

    def __init__(self, shop: Workshop, lease: Lease, stopping: threading.Event) -> None:
        self._shop = shop
        self.lease = lease
        self._heart = Heart(shop.store, lease, shop.settings, stopping, shop.kinds)
        self._folder: Path | None = None

    def run(self) -> None:
        """Pipeline, publishing, outcome. Raises only what the database raises."""
        self._log(logging.INFO, "claimed")
        try:
            with self._heart:
                settle = self._settle()
            settle()
        finally:
            if self._folder is not None:
                self._shop.results.discard(self._folder)

    def _settle(self) -> Callable[[], None]:
        """Does the work and returns what to do about its end.

        Catches everything: the text of an error nobody expected may hold patient data, and a
        thread that dies of it would print it.
        """
        try:
            files = self._work()
        except LeaseLost:
            return lambda: self._log(logging.WARNING, "lease lost")
        except CancelWanted:
            return lambda: self._finish(CANCELLED)
        except (WorkerStopping, ReleaseMoved):
            return self._release
        except BaseException as error:
            return self._failed(error)
        return lambda: self._finish(Outcome(JobState.DONE, files))

    def _work(self) -> tuple[ResultFile, ...]:
        job, shop = self.lease.job, self._shop
        if shop.results.published(job.job_id):
            # An earlier attempt died between its last two steps; its results are whole.
            return shop.results.files(job.job_id)
        pipeline = self._pipeline()
        instances = shop.spool.folder(job.job_id)
        if not instances.is_dir():
            raise IllegalTransition("the files of this job are gone; send them again")
        if job.request.hidden and shop.twin_runner is not None:
            order = TwinOrder(pipeline.info.name, self._task(instances), job.request.models)
            self._heart.was_held(shop.twin_runner.run(order, self._heart.tell))
        else:
            pinned = PinnedModels(shop.store, shop.model_source, shop.model_sets)
            models = pinned.of(self.lease, pipeline.info.models)
            pipeline.run(self._task(instances), models, self._heart.note)
        assert self._folder is not None, "the task has it"
        return shop.results.publish(job.job_id, self._folder, self._heart.renew)

    def _task(self, instances: Path) -> StudyTask:
        """The task with a new folder for its results."""
        job = self.lease.job
        self._folder = self._shop.results.begin(job.job_id, job.attempt)
        parameters = {**job.request.parameters, **job.request.release_parameters}
        return StudyTask(job.job_id, instances, self._folder, parameters, job.request.release)

    def _pipeline(self) -> Pipeline:
        pipeline = self._shop.pipelines.get(self.lease.job.request.pipeline)
        if pipeline is None:
            raise InvalidRequest("this version of the box no longer has the job's pipeline")
        return pipeline

    def _failed(self, error: BaseException) -> Callable[[], None]:
        failure = judge(error, self._shop.transient)
        where = place(error)
        if failure.transient:
            return lambda: self._set_back(failure.outcome, where)
        self._log(logging.WARNING, where)
        return lambda: self._finish(failure.outcome)

    def _set_back(self, outcome: Outcome, where: str) -> None:
        settings, store = self._shop.settings, self._shop.store
        doublings = min(store.setbacks(self.lease), 30)
        delay_s = min(settings.backoff_first_s * 2**doublings, settings.backoff_max_s)
        store.set_back(self.lease, delay_s, outcome, settings.max_setbacks)
        self._log(logging.WARNING, f"set back for {delay_s:g} s: {where}")

    def _release(self) -> None:
        self._shop.store.release(self.lease)
        self._log(logging.INFO, "handed back")

    def _finish(self, outcome: Outcome) -> None:
        told = replace(outcome, paused_s=self._heart.paused_s)
        if not self._shop.store.finish(self.lease, told):
            self._log(logging.WARNING, "lease lost at the end")
            return
        self._log(logging.INFO, outcome.state.value)
        if outcome.state is JobState.CANCELLED or (
            outcome.state is JobState.DONE and not self._shop.settings.retention.keep_spool
        ):
            self._shop.spool.remove(self.lease.job_id)

    def _log(self, level: int, event: str) -> None:
        extra = {"job_id": self.lease.job_id, "attempt": self.lease.attempt}
        _log.log(level, "job %s: %s", self.lease.job_id, event, extra=extra)
