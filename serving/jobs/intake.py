"""The way in for studies: what a header may say, and how a job comes of a spooled study."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from functools import partial

from serving.domain.errors import InvalidRequest
from serving.domain.job import Job, JobRequest
from serving.domain.job_store import StudyHeader
from serving.domain.pipeline import PipelineInfo
from serving.domain.study import InstanceHeader, InstanceInspector
from serving.jobs.idempotency import client_key, study_key
from serving.jobs.incoming import SpooledStudy
from serving.jobs.settings import IntakeSettings
from serving.jobs.spool import Spool, SpoolFolder
from serving.jobs.store import JobStore

KIND = "study"
_MAX_KEY = 256
_MAX_PARAMETERS = 64
_MAX_PARAMETER = 1024


class JobIntake:
    """Takes studies in (StudyIntake); `pipelines` are those that the workers have, by name."""

    def __init__(
        self,
        store: JobStore,
        spool: Spool,
        inspector: InstanceInspector,
        pipelines: Mapping[str, PipelineInfo],
        settings: IntakeSettings,
    ) -> None:
        self._store = store
        self._spool = spool
        self._inspector = inspector
        self._pipelines = pipelines
        self._settings = settings

    def known(self, header: StudyHeader) -> Job | None:
        """The job that carries the header's explicit key. Raises InvalidRequest."""
        self._check(header)
        if not header.idempotency_key:
            return None
        return self._store.by_key(client_key(header.idempotency_key, header.pipeline))

    def begin(self, header: StudyHeader) -> SpooledStudy:
        """Raises InvalidRequest, SpoolFull."""
        self._check(header)
        folder = self._spool.open()
        register = partial(self._register, header)
        return SpooledStudy(folder, self._settings, self._inspector, register)

    def _register(
        self, header: StudyHeader, folder: SpoolFolder, instances: Sequence[InstanceHeader]
    ) -> Job:
        """The order of `serving.jobs.spool`: files, folder, row; then the folder is let go."""
        self._inspector.check_study(instances, header.pipeline)
        request = self._request(header, instances)
        job_id = uuid.uuid4().hex
        folder.accept(job_id)
        job, created = self._store.create(job_id, request)
        if created:
            folder.release()
        else:
            folder.discard()
        return job

    def _request(self, header: StudyHeader, instances: Sequence[InstanceHeader]) -> JobRequest:
        version = self._pipelines[header.pipeline].version
        key = (
            client_key(header.idempotency_key, header.pipeline)
            if header.idempotency_key
            else study_key((i.sop_instance_uid for i in instances), header.pipeline, version)
        )
        return JobRequest(KIND, header.pipeline, version, header.lane, key, dict(header.parameters))

    def _check(self, header: StudyHeader) -> None:
        if header.pipeline not in self._pipelines:
            known = ", ".join(sorted(self._pipelines))
            raise InvalidRequest(f"there is no such pipeline; this box has: {known}")
        if len(header.idempotency_key) > _MAX_KEY:
            raise InvalidRequest(f"an idempotency key has at most {_MAX_KEY} characters")
        if len(header.parameters) > _MAX_PARAMETERS:
            raise InvalidRequest(f"a study has at most {_MAX_PARAMETERS} parameters")
        for pair in header.parameters.items():
            if max(map(len, pair)) > _MAX_PARAMETER:
                raise InvalidRequest(
                    f"names and values of parameters have at most {_MAX_PARAMETER} characters"
                )
