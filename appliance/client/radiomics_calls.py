"""Radiomics over `aibox.v1.RadiomicsService`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from aibox.v1 import radiomics_pb2, radiomics_pb2_grpc

from appliance.client.cohort_files import case_files, cohort_files, manifest_file
from appliance.client.jobs import PRIORITY_ON_THE_WIRE, to_job
from appliance.client.radiomics import FilesUpload, InputFile, SendProgress
from appliance.client.status import domain_errors
from serving.domain.errors import InvalidRequest, JobNotFound
from serving.domain.job import Job
from serving.domain.lane import Lane
from serving.radiomics.cohort.manifest import CohortCase, Manifest

TABLE_SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What every radiomics job may say: its lane, its key, and who is told of the upload."""

    lane: Lane = Lane.BATCH
    idempotency_key: str = ""
    progress: SendProgress | None = None


class RadiomicsCalls:
    """The calls of `RadiomicsService`; each returns the job once it is accepted.

    The same request sent again returns the same job. All raise InvalidRequest where the box
    refuses the request, BoxUnreachable where nothing answers.
    """

    def __init__(self, channel: grpc.Channel, address: str) -> None:
        self._stub = radiomics_pb2_grpc.RadiomicsServiceStub(  # type: ignore[no-untyped-call]
            channel
        )
        self._address = address

    def extract(
        self,
        manifest: Path | str,
        *,
        preset: str = "",
        settings_json: str = "",
        in_place: bool = False,
        options: JobOptions | None = None,
    ) -> Job:
        """Features of every case of a manifest (CSV or Parquet).

        Images and masks are sent along, paths relative to the manifest's folder, under names that
        hold nothing of theirs; with `in_place` the box reads them itself.
        """
        path = Path(manifest)
        files = [manifest_file(path)] if in_place else cohort_files(path)
        header = radiomics_pb2.RadiomicsHeader(
            preset=preset, settings_json=settings_json, in_place=in_place
        )
        return self._send(self._stub.Extract, header, files, options)

    def extract_case(
        self,
        image: Path,
        mask: Path | None,
        *,
        roi: str = "",
        preset: str = "",
        settings_json: str = "",
        options: JobOptions | None = None,
    ) -> Job:
        """Features of the regions of one case: a cohort of one."""
        case = CohortCase(
            1, 2, "case", str(image.resolve()), str(mask.resolve()) if mask else None, roi or None
        )
        files = case_files(Manifest((case,), ("case_id", "image", "mask", "roi")), Path())
        header = radiomics_pb2.RadiomicsHeader(preset=preset, settings_json=settings_json)
        return self._send(self._stub.Extract, header, files, options)

    def train(
        self,
        table: Path | str,
        *,
        name: str,
        settings_json: str = "",
        options: JobOptions | None = None,
    ) -> Job:
        """A model, stored as `name`, of a table file (a path) or of an Extract job's (its id)."""
        header = radiomics_pb2.RadiomicsHeader(model_name=name, settings_json=settings_json)
        return self._send(self._stub.Train, header, self._table(table, header), options)

    def predict(
        self,
        table: Path | str,
        *,
        name: str,
        version: int = 0,
        options: JobOptions | None = None,
    ) -> Job:
        """Predictions of a stored model for a feature table; `version` 0 means the newest."""
        header = radiomics_pb2.RadiomicsHeader(model_name=name, model_version=version)
        return self._send(self._stub.Predict, header, self._table(table, header), options)

    def _table(
        self, table: Path | str, header: radiomics_pb2.RadiomicsHeader
    ) -> Sequence[InputFile]:
        """A path is sent as a file, a text goes into the header as the id of a job."""
        if isinstance(table, str):
            header.table_job_id = table
            return ()
        if table.suffix.lower() not in TABLE_SUFFIXES or not table.is_file():
            raise InvalidRequest("a feature table is a .csv or .parquet file; name one that exists")
        return (InputFile.of_path(f"features{table.suffix.lower()}", table),)

    def _send(
        self,
        call: Callable[[Iterator[radiomics_pb2.RadiomicsRequest]], Any],
        header: radiomics_pb2.RadiomicsHeader,
        files: Sequence[InputFile],
        options: JobOptions | None,
    ) -> Job:
        chosen = options or JobOptions()
        header.priority = PRIORITY_ON_THE_WIRE[chosen.lane]
        header.idempotency_key = chosen.idempotency_key
        upload = FilesUpload(header, files, chosen.progress)
        with domain_errors(self._address, JobNotFound):
            try:
                return to_job(call(upload.requests()))
            except grpc.RpcError:
                if upload.error is not None:
                    raise upload.error from None
                raise
