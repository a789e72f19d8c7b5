"""`aibox.v1.JobService`: how jobs stand, and their results."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from aibox.v1 import job_pb2
from google.protobuf.message import Message

from serving.domain.audit import AuditEvent, Auditor, Outcome
from serving.domain.job import Job
from serving.domain.job_store import JobBook, ResultFiles
from serving.rpc.call_facts import CURRENT_CALL
from serving.rpc.interceptors import Context
from serving.rpc.job_converters import job_to_wire, limit_from_wire, states_from_wire
from serving.rpc.server import Service

SERVICE_NAME = "aibox.v1.JobService"
CHUNK_BYTES = 1 << 20
_SOON_S = 0.1
_LATER_S = 0.5
_SLOWER = 1.5


class JobServicer:
    """Thin over the book of jobs; whatever touches the disk runs in a thread.

    `auditor` is told of every result file handed out, before its first byte, and of every cancel.
    """

    def __init__(self, book: JobBook, files: ResultFiles, auditor: Auditor | None = None) -> None:
        self._book = book
        self._files = files
        self._auditor = auditor

    async def get(self, request: job_pb2.GetJobRequest, context: Context) -> job_pb2.Job:
        """The job as it stands."""
        return job_to_wire(await self._job(request.job_id))

    async def watch(
        self, request: job_pb2.WatchJobRequest, context: Context
    ) -> AsyncIterator[job_pb2.Job]:
        """The job now and whenever it has changed, until it is final.

        Polls: any process of the box may change a job, and SQLite tells nobody. Ten times a
        second after a change and down to twice a second while nothing happens.
        """
        told: Job | None = None
        wait_s = _SOON_S
        while told is None or not told.state.final:
            job = await self._job(request.job_id)
            if job == told:
                wait_s = min(wait_s * _SLOWER, _LATER_S)
            else:
                told, wait_s = job, _SOON_S
                yield job_to_wire(job)
            if not job.state.final:
                await asyncio.sleep(wait_s)

    async def list(
        self, request: job_pb2.ListJobsRequest, context: Context
    ) -> job_pb2.ListJobsResponse:
        """Newest first."""
        states, limit = states_from_wire(request.states), limit_from_wire(request.limit)
        jobs = await asyncio.to_thread(self._book.list, states, limit)
        return job_pb2.ListJobsResponse(jobs=map(job_to_wire, jobs))

    async def cancel(self, request: job_pb2.CancelJobRequest, context: Context) -> job_pb2.Job:
        """Asks the job to stop."""
        job = await asyncio.to_thread(self._book.request_cancel, request.job_id)
        await self._witness("job.cancel", job)
        return job_to_wire(job)

    async def fetch(
        self, request: job_pb2.FetchRequest, context: Context
    ) -> AsyncIterator[job_pb2.FileChunk]:
        """One result file in chunks; a file without content is one empty chunk."""
        job = await self._job(request.job_id)
        file = await asyncio.to_thread(self._files.open, job, request.name)
        try:
            await self._witness("result.fetch", job, request.name)
            data = await asyncio.to_thread(file.read, CHUNK_BYTES)
            yield job_pb2.FileChunk(data=data)
            while data := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield job_pb2.FileChunk(data=data)
        finally:
            file.close()

    async def _witness(self, action: str, job: Job, detail: str = "") -> None:
        """Raises AuditUnavailable: then nothing is handed out."""
        if self._auditor is None:
            return
        caller = CURRENT_CALL.get().caller
        event = AuditEvent(
            actor=caller.name,
            role=caller.role,
            action=action,
            subject=job.request.study_key or job.job_id,
            outcome=Outcome.DONE,
            detail=detail,
        )
        await asyncio.to_thread(self._auditor.record, event)

    async def _job(self, job_id: str) -> Job:
        return await asyncio.to_thread(self._book.get, job_id)


def job_service(servicer: JobServicer) -> Service:
    """The service for `build_server`."""
    unary: dict[str, tuple[Any, type[Message]]] = {
        "Get": (servicer.get, job_pb2.GetJobRequest),
        "List": (servicer.list, job_pb2.ListJobsRequest),
        "Cancel": (servicer.cancel, job_pb2.CancelJobRequest),
    }
    streaming: dict[str, tuple[Any, type[Message]]] = {
        "Watch": (servicer.watch, job_pb2.WatchJobRequest),
        "Fetch": (servicer.fetch, job_pb2.FetchRequest),
    }
    handlers: dict[str, Any] = {
        name: grpc.unary_unary_rpc_method_handler(
            behaviour, request_deserializer=request.FromString, response_serializer=_serialize
        )
        for name, (behaviour, request) in unary.items()
    }
    for name, (behaviour, request) in streaming.items():
        handlers[name] = grpc.unary_stream_rpc_method_handler(
            behaviour, request_deserializer=request.FromString, response_serializer=_serialize
        )
    generic = grpc.method_handlers_generic_handler(SERVICE_NAME, handlers)
    return Service(SERVICE_NAME, lambda server: server.add_generic_rpc_handlers((generic,)))


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()
