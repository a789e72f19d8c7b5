"""`inference.GRPCInferenceService`: the Open Inference Protocol over an InferenceBackend."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing

from inference import grpc_service_pb2 as pb

from serving.domain.errors import IllegalTransition, InvalidRequest, ModelNotFound
from serving.domain.inference import InferenceBackend
from serving.domain.repository import ModelRepository
from serving.rpc.call_facts import CURRENT_CALL
from serving.rpc.call_log import CallLog
from serving.rpc.infer_dispatch import InferDispatch
from serving.rpc.inference_converters import parse_version, stream_error
from serving.rpc.interceptors import Context
from serving.rpc.model_converters import (
    add_statistics,
    config_to_wire,
    entries_to_wire,
    index_to_wire,
    metadata_to_wire,
    model_to_change,
    statistics_to_wire,
)
from serving.rpc.ordered_stream import ordered_answers
from serving.rpc.readiness import Readiness
from serving.rpc.siblings import Siblings

SERVICE_NAME = "inference.GRPCInferenceService"
EXTENSIONS = ("model_configuration", "model_repository", "schedule_policy", "statistics")
SIBLING_STATISTICS_TIMEOUT_S = 2.0


class InferenceServicer:
    """Thin over the backend; `readiness` says whether this replica takes requests at all."""

    def __init__(
        self,
        backend: InferenceBackend,
        dispatch: InferDispatch,
        *,
        log: CallLog,
        box_version: str,
        stream_inflight: int,
        readiness: Readiness,
        siblings: Siblings | None = None,
        repository: ModelRepository | None = None,
    ) -> None:
        self._backend = backend
        self._dispatch = dispatch
        self._log = log
        self._box_version = box_version
        self._stream_inflight = stream_inflight
        self._readiness = readiness
        self._siblings = siblings
        self._repository = repository

    async def server_live(self, request: pb.ServerLiveRequest, context: Context) -> object:
        """This process answers."""
        return pb.ServerLiveResponse(live=True)

    async def server_ready(self, request: pb.ServerReadyRequest, context: Context) -> object:
        """The replica serves, and every model of it is ready."""
        statuses = self._backend.statuses()
        ready = self._readiness.serving and bool(statuses) and all(s.ready for s in statuses)
        return pb.ServerReadyResponse(ready=ready)

    async def model_ready(self, request: pb.ModelReadyRequest, context: Context) -> object:
        """False, not an error, for a model or version that is not served."""
        version = parse_version(request.version)
        try:
            ready = self._backend.status(request.name, version).ready
        except ModelNotFound:
            ready = False
        return pb.ModelReadyResponse(ready=ready and self._readiness.serving)

    async def server_metadata(self, request: pb.ServerMetadataRequest, context: Context) -> object:
        """Name, version and extensions."""
        return pb.ServerMetadataResponse(
            name="aibox", version=self._box_version, extensions=EXTENSIONS
        )

    async def model_metadata(self, request: pb.ModelMetadataRequest, context: Context) -> object:
        """Inputs and outputs. NOT_FOUND where not served."""
        status = self._backend.status(request.name, parse_version(request.version))
        return metadata_to_wire(status, self._versions(status.name))

    async def model_config(self, request: pb.ModelConfigRequest, context: Context) -> object:
        """The version as compiled. NOT_FOUND where not served."""
        status = self._backend.status(request.name, parse_version(request.version))
        return pb.ModelConfigResponse(config=config_to_wire(status, self._versions(status.name)))

    async def model_statistics(
        self, request: pb.ModelStatisticsRequest, context: Context
    ) -> object:
        """Counters over this replica and its siblings."""
        if request.version and not request.name:
            raise InvalidRequest("a version came without a model name; name the model too")
        version = parse_version(request.version)
        total = statistics_to_wire(self._backend.statistics(request.name, version))
        if self._siblings is not None and not CURRENT_CALL.get().hopped:
            method = f"/{SERVICE_NAME}/ModelStatistics"
            answers = await self._siblings.ask_all(
                method, request.SerializeToString(), SIBLING_STATISTICS_TIMEOUT_S
            )
            for answer in answers:
                add_statistics(total, pb.ModelStatisticsResponse.FromString(answer))
        return total

    async def repository_index(
        self, request: pb.RepositoryIndexRequest, context: Context
    ) -> object:
        """Every version that the box knows, and its state."""
        if self._repository is None:
            return index_to_wire(self._backend.statuses(), only_ready=request.ready)
        return entries_to_wire(await self._repository.index(), only_ready=request.ready)

    async def repository_model_load(
        self, request: pb.RepositoryModelLoadRequest, context: Context
    ) -> object:
        """The versions that the policy wants serve when this returns, in every replica or none."""
        name = model_to_change(request)
        await self._repository_or_refuse().load(name, CURRENT_CALL.get().caller)
        return pb.RepositoryModelLoadResponse()

    async def repository_model_unload(
        self, request: pb.RepositoryModelUnloadRequest, context: Context
    ) -> object:
        """No version of the model serves when this returns, in any replica."""
        name = model_to_change(request)
        await self._repository_or_refuse().unload(name, CURRENT_CALL.get().caller)
        return pb.RepositoryModelUnloadResponse()

    def _repository_or_refuse(self) -> ModelRepository:
        if self._repository is None:
            raise IllegalTransition("this server has no registry; models change with a whole box")
        return self._repository

    async def model_infer(self, data: bytes, context: Context) -> bytes:
        """One inference, bytes in and out."""
        return b"".join(await self._dispatch.answer(data, _deadline_s(context)))

    async def model_stream_infer(
        self, requests: AsyncIterator[bytes], context: Context
    ) -> AsyncIterator[bytes]:
        """Inferences in a stream, answered in their order; an error of one ends no other."""
        deadline_s = _deadline_s(context)

        async def answer(data: bytes) -> bytes:
            return await self._stream_answer(data, deadline_s)

        answers = ordered_answers(requests, answer, self._stream_inflight)
        async with aclosing(answers) as closing:
            async for response in closing:
                yield response

    async def _stream_answer(self, data: bytes, deadline_s: float | None) -> bytes:
        started_s = time.perf_counter()
        try:
            return b"".join(await self._dispatch.answer(data, deadline_s, stream=True))
        except Exception as error:
            request_id = CURRENT_CALL.get().request_id
            code, text = self._log.failed("ModelStreamInfer", request_id, started_s, error)
            return stream_error(data, code.name, text).SerializeToString()

    def _versions(self, name: str) -> list[int]:
        return [status.version for status in self._backend.statuses() if status.name == name]


def _deadline_s(context: Context) -> float | None:
    """The call's own deadline on the clock of `time.monotonic()`."""
    remaining_s = context.time_remaining()
    return None if remaining_s is None else time.monotonic() + remaining_s
