"""Jobs of everybody: stopped, and tried again."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.registry.actor import Actor
from appliance.registry.switch_audit import Order, SwitchAudit
from serving.domain.errors import IllegalTransition
from serving.domain.job import Job, JobState
from serving.jobs.durable import seal_tree
from serving.jobs.settings import RetentionSettings
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore

_DAY_S = 86400.0
GONE = "the images of this job are no longer on the box; send the study again"


@dataclass(frozen=True, slots=True)
class JobOrders:
    """Told to the audit; they never show what a job is about."""

    jobs: JobStore
    spool: Spool
    retention: RetentionSettings
    audit: SwitchAudit
    clock: Callable[[], float] = time.time

    def cancel(self, actor: Actor, job_id: str) -> Job:
        """Raises JobNotFound, IllegalTransition where the job is final, AuditUnavailable."""
        order = Order(actor, "job.cancel", job_id)
        with self._refusals(order):
            state = self.jobs.get(job_id).state
            if state.final:
                raise IllegalTransition(f"only a job that is not final can be cancelled: {state}")
            self.audit.done(order, "")
            return self.jobs.request_cancel(job_id)

    def retry(self, actor: Actor, job_id: str) -> Job:
        """Queues what a failed job was about as a new job; its images are shared, not copied.

        Where somebody has sent it again meanwhile, that job is the answer. Raises JobNotFound,
        IllegalTransition where the job has not failed or its images are gone, SpoolFull,
        AuditUnavailable.
        """
        order = Order(actor, "job.retry", job_id)
        with self._refusals(order):
            job = self._failed(job_id)
            return self.jobs.by_key(job.request.idempotency_key) or self._again(job, order)

    def _again(self, job: Job, order: Order) -> Job:
        new_id = uuid.uuid4().hex
        folder = self.spool.open()
        try:
            _link(self.spool.folder(job.job_id), folder.path)
            # Its row would be gone, or its images due, had anybody begun to remove them.
            self._failed(job.job_id)
            self.audit.done(order, f"as job {new_id}")
            folder.accept(new_id)
            queued, created = self.jobs.create(new_id, job.request)
        except BaseException:
            folder.discard()
            raise
        if created:
            folder.release()
        else:
            folder.discard()
        return queued

    def _failed(self, job_id: str) -> Job:
        job = self.jobs.get(job_id)
        if job.state is not JobState.FAILED:
            raise IllegalTransition(
                f"only a failed job can be tried again, and this one is {job.state}"
            )
        ended = job.finished_at or job.created_at
        kept_s = self.retention.failed_spool_days * _DAY_S
        if self.clock() - ended.timestamp() >= kept_s or not self.spool.folder(job_id).is_dir():
            raise IllegalTransition(GONE)
        return job

    @contextmanager
    def _refusals(self, order: Order) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.audit.ended(order, error)
            raise


def _link(source: Path, target: Path) -> None:
    try:
        shutil.copytree(source, target, copy_function=os.link, symlinks=True, dirs_exist_ok=True)
    except (OSError, shutil.Error):
        raise IllegalTransition(GONE) from None
    seal_tree(target)
