"""Twins: a study once more, hidden and on the batch lane, with another release.

A twin is made when its study's job is durable: a crash in between loses the twin and never the
study. Its images are hard links to the study's, in a folder of its own that outlives it; the
order of `serving.jobs.spool` holds for that folder too.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from serving.domain.errors import IllegalTransition, Overloaded
from serving.domain.job import Job, JobRequest
from serving.domain.lane import Lane
from serving.jobs.failure import place
from serving.jobs.idempotency import twin_key
from serving.jobs.settings import IntakeSettings
from serving.jobs.spool import Spool, SpoolFolder
from serving.jobs.store import JobStore
from serving.jobs.study_releases import PlannedTwin, with_release

_log = logging.getLogger(__name__)


class TwinMaker:
    """Makes the twins of studies; what goes wrong with one is logged and hurts no study."""

    def __init__(self, store: JobStore, spool: Spool, settings: IntakeSettings) -> None:
        self._store = store
        self._spool = spool
        self._settings = settings

    def make(self, job: Job, twins: Sequence[PlannedTwin], instances: int) -> None:
        """The twins of a job whose spooled study has that many instances."""
        for twin in twins:
            try:
                self._make(job, twin, instances)
            except Exception as error:  # whatever it is: the study itself has been accepted
                _log.warning(
                    "job %s has no %s twin: %s",
                    *(job.job_id, twin.role.value, place(error)),
                    extra={"job_id": job.job_id},
                )

    def _make(self, job: Job, twin: PlannedTwin, instances: int) -> None:
        if self._store.waiting_twins() >= self._settings.max_waiting_twins:
            raise Overloaded("enough twins wait already (jobs.intake.max_waiting_twins)")
        folder = self._spool.open()
        try:
            _link(self._spool.folder(job.job_id), folder.path, instances)
            self._accept(folder, _request(job, twin))
        except BaseException:
            folder.discard()
            raise
        folder.release()

    def _accept(self, folder: SpoolFolder, request: JobRequest) -> None:
        twin_id = uuid.uuid4().hex
        folder.accept(twin_id)
        _, created = self._store.create(twin_id, request)
        if not created:
            raise IllegalTransition("the job has this twin already")


def _request(job: Job, twin: PlannedTwin) -> JobRequest:
    request = replace(
        job.request,
        lane=Lane.BATCH,
        idempotency_key=twin_key(job.job_id, twin.release.reference, twin.role.value),
        twin_of=job.job_id,
        twin_role=twin.role,
    )
    return with_release(request, twin.release)


def _link(source: Path, target: Path, instances: int) -> None:
    """All of the study or nothing: the job may be cancelled, and its folder go, at any moment."""
    files = list(source.iterdir())
    for file in files:
        os.link(file, target / file.name, follow_symlinks=False)
    if len(files) != instances:
        raise FileNotFoundError("the study is being removed")
