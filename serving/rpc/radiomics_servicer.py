"""`aibox.v1.RadiomicsService`: a header and a stream of files become a durable job."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import grpc
from aibox.v1 import job_pb2, radiomics_pb2

from serving.domain.errors import InvalidRequest
from serving.domain.job import Job
from serving.domain.radiomics import IncomingFiles, RadiomicsIntake, RadiomicsKind
from serving.rpc.interceptors import Context
from serving.rpc.job_converters import job_to_wire
from serving.rpc.radiomics_converters import header_from_wire
from serving.rpc.server import Service

SERVICE_NAME = "aibox.v1.RadiomicsService"
METHODS = {
    "Extract": RadiomicsKind.EXTRACT,
    "Train": RadiomicsKind.TRAIN,
    "Predict": RadiomicsKind.PREDICT,
}
GATHERED_BYTES = 1 << 20
"""Small chunks of a file are put together to this size: each write costs a change of threads."""

Requests = AsyncIterator[radiomics_pb2.RadiomicsRequest]
Behaviour = Callable[[Requests, Context], Awaitable[job_pb2.Job]]


class RadiomicsServicer:
    """Thin over the intake; whatever touches the disk runs in a thread."""

    def __init__(self, intake: RadiomicsIntake) -> None:
        self._intake = intake

    def behaviour(self, kind: RadiomicsKind) -> Behaviour:
        """The method that makes jobs of this kind.

        It answers once all is on disk; nothing stays of a request that is refused. A known
        idempotency key is answered before the rest of the stream is read.
        """

        async def call(requests: Requests, context: Context) -> job_pb2.Job:
            header = header_from_wire(kind, await _first(requests))
            known = await asyncio.to_thread(self._intake.known, header)
            if known is not None:
                return job_to_wire(known)
            files = await asyncio.to_thread(self._intake.begin, header)
            return job_to_wire(await _receive(files, requests))

        return call


async def _first(requests: Requests) -> radiomics_pb2.RadiomicsHeader:
    async for request in requests:
        if request.WhichOneof("part") == "header":
            return request.header
        break
    raise InvalidRequest("the first message of a radiomics job is its header; another part came")


async def _receive(files: IncomingFiles, requests: Requests) -> Job:
    try:
        name, gathered, size = "", list[bytes](), 0
        async for request in requests:
            chunk = _chunk(request)
            name = name or chunk.name
            gathered.append(chunk.data)
            size += len(chunk.data)
            if chunk.last or size >= GATHERED_BYTES:
                await asyncio.to_thread(files.write, name, b"".join(gathered), chunk.last)
                name = "" if chunk.last else name
                gathered, size = [], 0
        if gathered:
            await asyncio.to_thread(files.write, name, b"".join(gathered), False)
        return await asyncio.to_thread(files.commit)
    finally:
        # After a disconnect too: the cancellation has been delivered, this await is a new one.
        await asyncio.shield(asyncio.to_thread(files.discard))


def _chunk(request: radiomics_pb2.RadiomicsRequest) -> radiomics_pb2.InputChunk:
    if request.WhichOneof("part") != "chunk":
        raise InvalidRequest("after its header a radiomics job has chunks of files; another came")
    return request.chunk


def radiomics_service(servicer: RadiomicsServicer) -> Service:
    """The service for `build_server`."""
    handlers = {
        name: grpc.stream_unary_rpc_method_handler(
            servicer.behaviour(kind),
            request_deserializer=radiomics_pb2.RadiomicsRequest.FromString,
            response_serializer=job_pb2.Job.SerializeToString,
        )
        for name, kind in METHODS.items()
    }
    generic = grpc.method_handlers_generic_handler(SERVICE_NAME, handlers)
    return Service(SERVICE_NAME, lambda server: server.add_generic_rpc_handlers((generic,)))
