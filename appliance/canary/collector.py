"""Gathers the twins that are done: compares each with its study, keeps the numbers, lets it go.

The numbers are durable before the twin is removed, so a crash in between compares nothing twice
and forgets nothing. A twin's images and results are patient data that answer nobody: they go as
soon as they were compared, whatever came of it.
"""

from __future__ import annotations

import logging

from appliance.canary.compare_results import compare_results
from appliance.canary.pair import Pair, side_of
from appliance.canary.pair_store import PairStore
from serving.domain.agreement import FindingsAgreement
from serving.domain.errors import AiboxError, JobNotFound, ModelNotFound
from serving.domain.job import Job, JobState, TwinRole
from serving.jobs.results import ResultStore
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore

_NO_FAULT = ModelNotFound.__name__
"""A release that has left the box while its job waited says nothing of how good it was."""

_log = logging.getLogger(__name__)


class TwinCollector:
    """Ends what `serving.jobs.twins` began; one process of the box runs one."""

    def __init__(
        self,
        jobs: JobStore,
        spool: Spool,
        results: ResultStore,
        pairs: PairStore,
        compare: bool = True,
    ) -> None:
        self._jobs = jobs
        self._spool = spool
        self._results = results
        self._pairs = pairs
        self._compare = compare

    def collect(self) -> int:
        """Looks once; returns how many new pairs there are. Raises only what the database does."""
        added = 0
        for twin in self._jobs.twins():
            study = self._study(twin)
            if not twin.state.final or (study is not None and not study.state.final):
                continue
            if study is not None and _tells_something(study, twin):
                added += self._keep(study, twin)
            self._remove(twin)
        return added

    def _study(self, twin: Job) -> Job | None:
        try:
            return self._jobs.get(twin.request.twin_of)
        except JobNotFound:
            return None  # purged, and with it all that could be compared

    def _keep(self, study: Job, twin: Job) -> bool:
        if self._pairs.has(twin.job_id):
            return False
        shadow = twin.request.twin_role is not TwinRole.COMPARISON
        baseline, candidate = (study, twin) if shadow else (twin, study)
        ended = (job.finished_at or job.created_at for job in (study, twin))
        pair = Pair(
            job_id=study.job_id,
            twin_id=twin.job_id,
            role=twin.request.twin_role or TwinRole.SHADOW,
            baseline=side_of(baseline),
            candidate=side_of(candidate),
            finished_at=max(ended),
            agreement=self._agreement(baseline, candidate),
        )
        return self._pairs.add(pair)

    def _agreement(self, baseline: Job, candidate: Job) -> FindingsAgreement | None:
        if not self._compare or {baseline.state, candidate.state} != {JobState.DONE}:
            return None
        root = self._results.root
        try:
            return compare_results(root / baseline.job_id, root / candidate.job_id)
        except (AiboxError, OSError) as error:
            _log.warning("job %s is not compared: %s", baseline.job_id, type(error).__name__)
            return None

    def _remove(self, twin: Job) -> None:
        """The row first, as in `serving.jobs.retention`: a folder without one is swept."""
        self._jobs.delete([twin.job_id])
        self._spool.remove(twin.job_id)
        self._results.remove(twin.job_id)


def _tells_something(study: Job, twin: Job) -> bool:
    """False where either was cancelled, its release had left the box, or both ran the same."""
    if study.request.release == twin.request.release:
        return False
    ended = (JobState.DONE, JobState.FAILED)
    return all(job.state in ended and job.error_kind != _NO_FAULT for job in (study, twin))
