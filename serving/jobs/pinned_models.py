"""The models of a job, in the versions that its release pins."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Protocol

from serving.domain.errors import CorruptModel, ModelNotFound, ModelNotReady
from serving.domain.job import Job
from serving.domain.lane import Lane
from serving.domain.model_set import ModelSet, Release
from serving.domain.routing import ModelSets
from serving.domain.slices import SliceModel
from serving.jobs.interruption import ReleaseMoved
from serving.jobs.lease import Lease
from serving.jobs.store import JobStore

_log = logging.getLogger(__name__)


class ModelSource(Protocol):
    """Where models come from, their inferences queued in a lane."""

    def __call__(self, name: str, lane: Lane, version: int | None, /) -> SliceModel:
        """The model in that version, None: the stable one. Raises ModelNotFound, AiboxError."""
        ...


class PinnedModels:
    """Finds the models of jobs; `sets` says what serves now, None on a box without releases."""

    def __init__(self, store: JobStore, source: ModelSource, sets: ModelSets | None) -> None:
        self._store = store
        self._source = source
        self._sets = sets

    def of(self, lease: Lease, names: Iterable[str]) -> dict[str, SliceModel]:
        """The models of those names for a claimed job, as it was accepted.

        Raises ModelNotReady where a pinned version is about to serve, ReleaseMoved where it is
        gone for good and the job was given the stable release, else ModelNotFound, CorruptModel.
        """
        request = lease.job.request
        try:
            return {n: self._source(n, request.lane, request.models.get(n)) for n in names}
        except (ModelNotFound, CorruptModel) as error:
            serves = self._sets.current() if request.models and self._sets else None
            if serves is not None:
                self._make_do(lease, serves, error)
            raise

    def _make_do(self, lease: Lease, serves: ModelSet, error: Exception) -> None:
        """Returns where nothing can be done. A study that was accepted is answered: its release
        may leave the box while it waits, and then the one that answers in its place reads it."""
        if serves.keys >= set(lease.job.request.models.items()):
            if isinstance(error, ModelNotFound):
                raise ModelNotReady("the models of this release are being switched on") from error
            return
        release = _stable(serves, lease.job)
        if release is None or not self._store.move(lease, release):
            return
        _log.warning(
            "job %s: its release has left the box; it runs %s",
            *(lease.job_id, release.reference),
            extra={"job_id": lease.job_id},
        )
        raise ReleaseMoved


def _stable(serves: ModelSet, job: Job) -> Release | None:
    """Another release that may read the study; none for a twin, whose point is its own release."""
    route = serves.route(job.request.pipeline)
    if route is None or job.request.hidden or route.stable == job.request.release:
        return None
    return serves.release(route.stable)
