"""Inference requests and responses between the wire and the domain."""

from __future__ import annotations

import re
import struct
from contextlib import suppress

import numpy as np
from inference.grpc_service_pb2 import (
    ModelInferRequest,
    ModelInferResponse,
    ModelStreamInferResponse,
)

from serving.domain.errors import InvalidRequest
from serving.domain.inference import InferenceRequest, InferenceResponse, Version
from serving.domain.tensor import AnyArray, Datatype, Tensor
from serving.rpc.request_parameters import (
    EMPTY_FINAL_RESPONSE,
    read_parameters,
    refuse_shared_memory,
)
from serving.rpc.tensor_decoder import decode_input
from serving.rpc.wire import Part, WireRequest, decode_request, encode_response

_NUMBER = re.compile(r"[0-9]{1,18}")
_LABEL = re.compile(r"[a-z][a-z0-9_-]{0,63}")


def parse_version(text: str) -> Version:
    """A model version as the protocol writes it, or a label; empty means the stable one.

    Raises InvalidRequest for what is neither a whole number nor a label.
    """
    if not text:
        return None
    if _NUMBER.fullmatch(text):
        return int(text)
    if not _LABEL.fullmatch(text):
        raise InvalidRequest(
            "a model version is a whole number such as 1 or a label such as stable; "
            "something else came"
        )
    return text


def request_from_wire(
    wire: WireRequest, *, now_s: float, deadline_s: float | None, request_id: str
) -> InferenceRequest:
    """The domain's request; `now_s` and the call's own `deadline_s` are on `time.monotonic()`.

    Raises InvalidRequest.
    """
    header = wire.header
    if not header.model_name:
        raise InvalidRequest("model_name is empty; name the model to run")
    parameters = read_parameters(header.parameters)
    return InferenceRequest(
        model_name=header.model_name,
        inputs=_inputs(wire),
        model_version=parse_version(header.model_version),
        outputs=_requested_outputs(header),
        lane=parameters.lane,
        deadline_s=_sooner(deadline_s, now_s, parameters.timeout_s),
        precision=parameters.precision,
        request_id=request_id,
    )


def response_to_wire(
    response: InferenceResponse, header: ModelInferRequest, *, stream: bool = False
) -> list[Part]:
    """The pieces of the answer to the request with this `header`, tensors as raw contents."""
    answer = ModelInferResponse(
        model_name=response.model_name, model_version=str(response.model_version), id=header.id
    )
    answer.parameters["precision"].string_param = response.precision
    if header.parameters and EMPTY_FINAL_RESPONSE in header.parameters:
        answer.parameters["triton_final_response"].bool_param = True
    buffers = []
    for tensor in response.outputs:
        answer.outputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.array.shape)
        buffers.append(_raw_output(tensor))
    return encode_response(answer, buffers, stream=stream)


def stream_error(data: bytes, code_name: str, text: str) -> ModelStreamInferResponse:
    """The answer in a stream to a request that failed: its id, the text, `status` as parameter."""
    answer = ModelStreamInferResponse(error_message=text)
    answer.infer_response.parameters["status"].string_param = code_name
    with suppress(InvalidRequest):
        answer.infer_response.id = decode_request(data).header.id
    return answer


def _sooner(deadline_s: float | None, now_s: float, timeout_s: float | None) -> float | None:
    if timeout_s is None:
        return deadline_s
    own_s = now_s + timeout_s
    return own_s if deadline_s is None else min(own_s, deadline_s)


def _inputs(wire: WireRequest) -> tuple[Tensor, ...]:
    tensors, raw_inputs = wire.header.inputs, wire.raw_inputs
    if not raw_inputs:
        return tuple(decode_input(i, tensor, None) for i, tensor in enumerate(tensors))
    if any(tensor.HasField("contents") for tensor in tensors):
        raise InvalidRequest(
            "raw_input_contents and typed contents came together; send all inputs in one form"
        )
    if len(raw_inputs) != len(tensors):
        raise InvalidRequest(
            f"raw_input_contents has one entry for each of the {len(tensors)} inputs; "
            f"{len(raw_inputs)} came"
        )
    pairs = zip(tensors, raw_inputs, strict=True)
    return tuple(decode_input(i, tensor, raw) for i, (tensor, raw) in enumerate(pairs))


def _requested_outputs(header: ModelInferRequest) -> tuple[str, ...]:
    for index, output in enumerate(header.outputs):
        refuse_shared_memory(output.parameters, f"requested output {index}")
        if "classification" in output.parameters:
            raise InvalidRequest(
                f"requested output {index} asks for classification, which this box does not do; "
                "ask for the tensor"
            )
    return tuple(output.name for output in header.outputs)


def _raw_output(tensor: Tensor) -> memoryview:
    if tensor.datatype is Datatype.BYTES:
        return memoryview(_length_prefixed(tensor.array))
    array = np.ascontiguousarray(tensor.array, dtype=tensor.datatype.numpy)
    return array.data


def _length_prefixed(array: AnyArray) -> bytes:
    parts = []
    for element in array.ravel():
        octets = element.encode() if isinstance(element, str) else bytes(element)
        parts.append(struct.pack("<I", len(octets)) + octets)
    return b"".join(parts)
