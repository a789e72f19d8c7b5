"""Puts the inference service together, ready to be added to a server."""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf.message import Message
from inference import grpc_service_pb2 as pb

from serving.domain.inference import InferenceBackend
from serving.domain.observer import InferenceObserver, SilentObserver
from serving.domain.repository import ModelRepository
from serving.rpc.byte_budget import ByteBudget
from serving.rpc.call_log import CallLog
from serving.rpc.infer_dispatch import InferDispatch
from serving.rpc.inference_servicer import SERVICE_NAME, InferenceServicer
from serving.rpc.readiness import Readiness
from serving.rpc.server import Service
from serving.rpc.settings import GrpcSettings
from serving.rpc.siblings import Siblings


def inference_service(
    backend: InferenceBackend,
    settings: GrpcSettings,
    readiness: Readiness,
    *,
    box_version: str,
    observer: InferenceObserver | None = None,
    siblings: Siblings | None = None,
    repository: ModelRepository | None = None,
) -> Service:
    """`inference.GRPCInferenceService` over `backend`.

    `observer` is told of requests refused before the backend saw them. `siblings`, already
    started, take requests that would wait longer here. `repository` loads and unloads models.
    """
    budget = ByteBudget(settings.max_inflight_bytes)
    servicer = InferenceServicer(
        backend,
        InferDispatch(backend, budget, observer or SilentObserver(), siblings),
        log=CallLog(log_calls=settings.log_calls),
        box_version=box_version,
        stream_inflight=settings.stream_inflight,
        readiness=readiness,
        siblings=siblings,
        repository=repository,
    )

    def register(server: grpc.aio.Server) -> None:
        server.add_generic_rpc_handlers((inference_handler(servicer),))

    return Service(SERVICE_NAME, register)


def inference_handler(servicer: InferenceServicer) -> grpc.GenericRpcHandler:
    """The service's handlers; inferences pass as bytes, both ways."""
    unary: dict[str, tuple[Any, type[Message]]] = {
        "ServerLive": (servicer.server_live, pb.ServerLiveRequest),
        "ServerReady": (servicer.server_ready, pb.ServerReadyRequest),
        "ModelReady": (servicer.model_ready, pb.ModelReadyRequest),
        "ServerMetadata": (servicer.server_metadata, pb.ServerMetadataRequest),
        "ModelMetadata": (servicer.model_metadata, pb.ModelMetadataRequest),
        "ModelConfig": (servicer.model_config, pb.ModelConfigRequest),
        "ModelStatistics": (servicer.model_statistics, pb.ModelStatisticsRequest),
        "RepositoryIndex": (servicer.repository_index, pb.RepositoryIndexRequest),
        "RepositoryModelLoad": (servicer.repository_model_load, pb.RepositoryModelLoadRequest),
        "RepositoryModelUnload": (
            servicer.repository_model_unload,
            pb.RepositoryModelUnloadRequest,
        ),
    }
    handlers: dict[str, Any] = {
        name: grpc.unary_unary_rpc_method_handler(
            behaviour,
            request_deserializer=request.FromString,
            response_serializer=_serialize,
        )
        for name, (behaviour, request) in unary.items()
    }
    handlers["ModelInfer"] = grpc.unary_unary_rpc_method_handler(servicer.model_infer)
    handlers["ModelStreamInfer"] = grpc.stream_stream_rpc_method_handler(
        servicer.model_stream_infer
    )
    return grpc.method_handlers_generic_handler(SERVICE_NAME, handlers)


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()
