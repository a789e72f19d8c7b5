"""How long patient data stays on the box, and how it goes.

Images are removed when their results exist (nobody needs the second copy of what the archive
has), those of a FAILED job after some days, results and rows after `retention_days` or when they
take more than their share of the disk, oldest first. A row goes before its files: what a crash
in between leaves is a folder without a job, which the next sweep removes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from serving.domain.job import Job, JobState
from serving.jobs.results import ResultStore
from serving.jobs.settings import GIB, RetentionSettings
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore

_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """What was removed, or would be: counts, and bytes on the disk."""

    jobs: int
    result_bytes: int
    spools: int
    spool_bytes: int
    abandoned_folders: int
    dry_run: bool


class Retention:
    """Removes what has been kept long enough; several processes may do so at once."""

    def __init__(
        self,
        store: JobStore,
        spool: Spool,
        results: ResultStore,
        settings: RetentionSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._spool = spool
        self._results = results
        self._settings = settings
        self._clock = clock

    def sweep(self) -> PurgeReport:
        """The purge that runs by itself."""
        return self.purge()

    def purge(self, dry_run: bool = False, older_than_days: float | None = None) -> PurgeReport:
        """Removes by age and by size; `older_than_days` overrules the setting."""
        finals = self._store.final_jobs()
        sizes = {job.job_id: self._results.used_bytes(job.job_id) for job in finals}
        jobs = self._outdated(finals, sizes, older_than_days)
        gone = {job.job_id for job in jobs}
        spools = [job for job in finals if job.job_id in gone or self._spool_is_due(job)]
        spool_sizes = {job.job_id: self._spool.used_bytes(job.job_id) for job in spools}
        if not dry_run:
            self._store.delete(gone)
            self._remove([job.job_id for job in spools], gone)
        return PurgeReport(
            jobs=len(jobs),
            result_bytes=sum(sizes[job_id] for job_id in gone),
            spools=sum(size > 0 for size in spool_sizes.values()),
            spool_bytes=sum(spool_sizes.values()),
            abandoned_folders=self._sweep_folders(dry_run),
            dry_run=dry_run,
        )

    def _outdated(
        self, finals: Sequence[Job], sizes: dict[str, int], older_than_days: float | None
    ) -> list[Job]:
        """Too old, or, of the oldest, as many as the results are too large; oldest first."""
        days = self._settings.retention_days if older_than_days is None else older_than_days
        excess = sum(sizes.values()) - int(self._settings.results_max_gb * GIB)
        outdated = []
        for job in finals:
            too_large = excess > 0 and sizes[job.job_id] > 0
            if too_large or self._age_s(job) > days * _DAY_S:
                outdated.append(job)
                excess -= sizes[job.job_id]
        return outdated

    def _spool_is_due(self, job: Job) -> bool:
        if job.state is JobState.DONE:
            return not self._settings.keep_spool
        days = self._settings.failed_spool_days if job.state is JobState.FAILED else 0.0
        return self._age_s(job) >= days * _DAY_S

    def _age_s(self, job: Job) -> float:
        ended = job.finished_at or job.created_at
        return self._clock() - ended.timestamp()

    def _remove(self, spools: Sequence[str], results: set[str]) -> None:
        for job_id in spools:
            self._spool.remove(job_id)
        for job_id in results:
            self._results.remove(job_id)

    def _sweep_folders(self, dry_run: bool) -> int:
        """Folders that belong to nobody: of clients and workers that died half-way."""
        stale = self._spool.sweep(self._store.unknown, dry_run)
        orphans = self._store.unknown(self._results.job_ids())
        leftovers = [
            name
            for name, (job_id, attempt) in self._results.attempts().items()
            if not self._store.at_work(job_id, attempt)
        ]
        if not dry_run:
            for name in (*orphans, *leftovers):
                self._results.remove(name)
            self._results.sweep_trash()
        return stale + len(orphans) + len(leftovers)
