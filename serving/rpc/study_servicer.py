"""`aibox.v1.StudyService`: a stream of instances becomes a durable job."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import grpc
from aibox.v1 import job_pb2, study_pb2

from serving.domain.errors import InvalidRequest
from serving.domain.job import Job
from serving.domain.job_store import IncomingStudy, StudyIntake
from serving.rpc.call_facts import CURRENT_CALL
from serving.rpc.interceptors import Context
from serving.rpc.job_converters import header_from_wire, job_to_wire
from serving.rpc.server import Service

SERVICE_NAME = "aibox.v1.StudyService"
GATHERED_BYTES = 1 << 20
"""Small chunks are put together to this size: each write costs a change of threads."""

Requests = AsyncIterator[study_pb2.AnalyzeRequest]


class StudyServicer:
    """Thin over the intake; whatever touches the disk runs in a thread."""

    def __init__(self, intake: StudyIntake) -> None:
        self._intake = intake

    async def analyze(self, requests: Requests, context: Context) -> job_pb2.Job:
        """The study's job, once all of it is on disk; nothing stays of a study that is refused.

        A known idempotency key is answered before the rest of the stream is read; gRPC then
        tells the client to stop sending.
        """
        header = replace(
            header_from_wire(await _first(requests)), caller=CURRENT_CALL.get().caller.name
        )
        known = await asyncio.to_thread(self._intake.known, header)
        if known is not None:
            return job_to_wire(known)
        study = await asyncio.to_thread(self._intake.begin, header)
        return job_to_wire(await _receive(study, requests))


async def _first(requests: Requests) -> study_pb2.AnalyzeHeader:
    async for request in requests:
        if request.WhichOneof("part") == "header":
            return request.header
        break
    raise InvalidRequest("the first message of a study is its header; something else came")


async def _receive(study: IncomingStudy, requests: Requests) -> Job:
    try:
        gathered: list[bytes] = []
        size = 0
        async for request in requests:
            chunk = _chunk(request)
            gathered.append(chunk.data)
            size += len(chunk.data)
            if chunk.last or size >= GATHERED_BYTES:
                await asyncio.to_thread(_store, study, b"".join(gathered), chunk.last)
                gathered, size = [], 0
        if gathered:
            await asyncio.to_thread(_store, study, b"".join(gathered), False)
        return await asyncio.to_thread(study.commit)
    finally:
        # After a disconnect too: the cancellation has been delivered, this await is a new one.
        await asyncio.shield(asyncio.to_thread(study.discard))


def _chunk(request: study_pb2.AnalyzeRequest) -> study_pb2.InstanceChunk:
    if request.WhichOneof("part") != "chunk":
        raise InvalidRequest("after its header a study has chunks of instances; another part came")
    return request.chunk


def _store(study: IncomingStudy, data: bytes, last: bool) -> None:
    if data:
        study.write(data)
    if last:
        study.end_instance()


def study_service(servicer: StudyServicer) -> Service:
    """The service for `build_server`."""
    handler = grpc.stream_unary_rpc_method_handler(
        servicer.analyze,
        request_deserializer=study_pb2.AnalyzeRequest.FromString,
        response_serializer=job_pb2.Job.SerializeToString,
    )
    generic = grpc.method_handlers_generic_handler(SERVICE_NAME, {"Analyze": handler})
    return Service(SERVICE_NAME, lambda server: server.add_generic_rpc_handlers((generic,)))
