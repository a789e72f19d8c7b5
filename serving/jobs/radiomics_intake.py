"""The way in for radiomics jobs: how a durable job comes of a header and its files."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from functools import partial

from serving.domain.errors import IllegalTransition, InvalidRequest
from serving.domain.job import Job, JobRequest, JobState
from serving.domain.radiomics import (
    INPUT_FOLDER,
    REQUEST_FILE,
    RadiomicsHeader,
    RadiomicsKind,
    RequestCheck,
)
from serving.jobs.durable import private_folder, seal_tree
from serving.jobs.idempotency import client_key, radiomics_key
from serving.jobs.named_files import SpooledFiles
from serving.jobs.results import ResultStore
from serving.jobs.settings import IntakeSettings
from serving.jobs.spool import Spool, SpoolFolder
from serving.jobs.store import JobStore

TABLE = "features.parquet"
"""The result of an Extract job that Train and Predict take."""


class CohortIntake:
    """Takes radiomics jobs in (RadiomicsIntake); `version` is that of the box."""

    def __init__(
        self,
        store: JobStore,
        spool: Spool,
        results: ResultStore,
        check: RequestCheck,
        settings: IntakeSettings,
        version: str,
    ) -> None:
        self._store = store
        self._spool = spool
        self._results = results
        self._check = check
        self._settings = settings
        self._version = version

    def known(self, header: RadiomicsHeader) -> Job | None:
        """The job that carries the header's explicit key."""
        if not header.idempotency_key:
            return None
        return self._store.by_key(client_key(header.idempotency_key, header.kind.pipeline))

    def begin(self, header: RadiomicsHeader) -> SpooledFiles:
        """Raises InvalidRequest, SpoolFull."""
        register = partial(self._register, header)
        return SpooledFiles(self._spool.open(), self._settings, register)

    def _register(
        self, header: RadiomicsHeader, folder: SpoolFolder, digests: Mapping[str, str]
    ) -> Job:
        """The order of `serving.jobs.spool`: files, folder, row; then the folder is let go."""
        private_folder(folder.path / INPUT_FOLDER)
        if header.table_job_id:
            self._take_table(header, folder)
        beside = self._check.check(header, folder.path)
        (folder.path / REQUEST_FILE).write_text(header.model_dump_json(), "utf-8")
        seal_tree(folder.path)
        request = self._request(header, digests, beside)
        job_id = uuid.uuid4().hex
        folder.accept(job_id)
        job, created = self._store.create(job_id, request)
        if created:
            folder.release()
        else:
            folder.discard()
        return job

    def _request(
        self, header: RadiomicsHeader, digests: Mapping[str, str], beside: str
    ) -> JobRequest:
        kind = header.kind
        key = (
            client_key(header.idempotency_key, kind.pipeline)
            if header.idempotency_key
            else radiomics_key(
                header.model_dump_json(exclude={"lane"}), self._version, beside, digests
            )
        )
        return JobRequest(kind.value, kind.pipeline, self._version, header.lane, key)

    def _take_table(self, header: RadiomicsHeader, folder: SpoolFolder) -> None:
        """A copy: the Extract job and its results may be purged before this job is done."""
        job = self._store.get(header.table_job_id)
        if job.request.kind != RadiomicsKind.EXTRACT.value:
            raise InvalidRequest("the job named for its table is no Extract job")
        if job.state is not JobState.DONE:
            raise IllegalTransition(
                f"the Extract job is {job.state.value}; its table can be used once it is done"
            )
        with (
            self._results.open(job, TABLE) as source,
            (folder.path / INPUT_FOLDER / TABLE).open("xb") as target,
        ):
            shutil.copyfileobj(source, target)
