"""Single models over the Open Inference Protocol v2."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import grpc
from inference import grpc_service_pb2 as oip
from inference import grpc_service_pb2_grpc

from appliance.client.status import domain_errors
from appliance.client.tensors import add_inputs, read_outputs
from serving.domain.lane import Lane
from serving.domain.tensor import AnyArray


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """An input or output; -1 in `shape` is a dynamic dimension."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A served model version as the protocol tells it."""

    name: str
    version: str
    state: str
    reason: str
    inputs: tuple[TensorInfo, ...] = ()
    outputs: tuple[TensorInfo, ...] = ()


class InferenceCalls:
    """The calls of `inference.GRPCInferenceService` that the client makes."""

    def __init__(self, channel: grpc.Channel, address: str, timeout_s: float) -> None:
        self._stub = grpc_service_pb2_grpc.GRPCInferenceServiceStub(  # type: ignore[no-untyped-call]
            channel
        )
        self._address = address
        self._timeout_s = timeout_s

    def models(self) -> list[ModelInfo]:
        """Every version in the index, with its inputs and outputs where it is ready."""
        with domain_errors(self._address):
            index = self._stub.RepositoryIndex(
                oip.RepositoryIndexRequest(), timeout=self._timeout_s
            )
            return [self._model(entry) for entry in index.models]

    def _model(self, entry: oip.RepositoryIndexResponse.ModelIndex) -> ModelInfo:
        request = oip.ModelMetadataRequest(name=entry.name, version=entry.version)
        metadata = self._stub.ModelMetadata(request, timeout=self._timeout_s)
        return ModelInfo(
            name=entry.name,
            version=entry.version,
            state=entry.state,
            reason=entry.reason,
            inputs=tuple(TensorInfo(t.name, t.datatype, tuple(t.shape)) for t in metadata.inputs),
            outputs=tuple(TensorInfo(t.name, t.datatype, tuple(t.shape)) for t in metadata.outputs),
        )

    def request(
        self,
        model: str,
        inputs: Mapping[str, AnyArray],
        version: int | None,
        outputs: Collection[str],
    ) -> oip.ModelInferRequest:
        """A request with raw contents."""
        request = oip.ModelInferRequest(model_name=model, model_version=str(version or ""))
        add_inputs(request, inputs)
        for name in outputs:
            request.outputs.add(name=name)
        return request

    def infer(
        self,
        request: oip.ModelInferRequest,
        lane: Lane,
        precision: str,
        timeout_s: float | None,
    ) -> dict[str, AnyArray]:
        """The model's answer."""
        request.parameters["priority"].uint64_param = int(lane)
        if precision:
            request.parameters["precision"].string_param = precision
        if timeout_s is not None:
            request.parameters["timeout"].uint64_param = int(timeout_s * 1e6)
        with domain_errors(self._address):
            return read_outputs(
                self._stub.ModelInfer(request, timeout=timeout_s or self._timeout_s)
            )
