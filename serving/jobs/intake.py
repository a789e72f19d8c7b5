"""The way in for studies: what a header may say, and how a job comes of a spooled study."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from serving.domain.errors import InvalidRequest
from serving.domain.job import Job, JobRequest
from serving.domain.job_store import StudyHeader
from serving.domain.pipeline import PipelineInfo
from serving.domain.routing import ModelSets
from serving.domain.study import InstanceHeader, InstanceInspector
from serving.jobs.idempotency import client_key, study_key
from serving.jobs.incoming import SpooledStudy
from serving.jobs.settings import IntakeSettings
from serving.jobs.spool import Spool, SpoolFolder
from serving.jobs.store import JobStore
from serving.jobs.study_releases import StudyReleases, releases_for, with_release
from serving.jobs.twins import TwinMaker

KIND = "study"
_MAX_KEY = 256
_MAX_PARAMETERS = 64
_MAX_PARAMETER = 1024


class JobIntake:
    """Takes studies in (StudyIntake); `pipelines` are those that the workers have, by name.

    `model_sets` says which releases there are; `study_key` makes the keyed hash of a study's UID.
    """

    def __init__(
        self,
        store: JobStore,
        spool: Spool,
        inspector: InstanceInspector,
        pipelines: Mapping[str, PipelineInfo],
        settings: IntakeSettings,
        model_sets: ModelSets | None = None,
        study_key: Callable[[str], str] | None = None,
    ) -> None:
        self._store = store
        self._spool = spool
        self._inspector = inspector
        self._pipelines = pipelines
        self._settings = settings
        self._model_sets = model_sets
        self._study_key = study_key
        self._twins = TwinMaker(store, spool, settings)

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
        study_uid = next((i.study_instance_uid for i in instances if i.study_instance_uid), "")
        serves = self._model_sets.current() if self._model_sets else None
        releases = releases_for(serves, header.pipeline, study_uid, header.caller)
        request = self._request(header, instances, releases, study_uid)
        job_id = uuid.uuid4().hex
        folder.accept(job_id)
        job, created = self._store.create(job_id, request)
        if created:
            folder.release()
            self._twins.make(job, releases.twins, len(instances))
        else:
            folder.discard()
        return job

    def _request(
        self,
        header: StudyHeader,
        instances: Sequence[InstanceHeader],
        releases: StudyReleases,
        study_uid: str,
    ) -> JobRequest:
        pipeline, version = header.pipeline, self._pipelines[header.pipeline].version
        uids = (i.sop_instance_uid for i in instances)
        request = JobRequest(
            kind=KIND,
            pipeline=pipeline,
            pipeline_version=version,
            lane=header.lane,
            idempotency_key=client_key(header.idempotency_key, pipeline)
            if header.idempotency_key
            else study_key(uids, pipeline, version, releases.stable),
            parameters=dict(header.parameters),
            study_key=self._study_key(study_uid) if self._study_key and study_uid else "",
        )
        return with_release(request, releases.answering)

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
