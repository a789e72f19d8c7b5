"""Parameters of an inference request: which the box obeys, ignores and refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inference.grpc_service_pb2 import InferParameter

from serving.domain.errors import InvalidRequest
from serving.domain.lane import Lane

Parameters = Mapping[str, InferParameter]

_SHARED_MEMORY = ("shared_memory_region", "shared_memory_byte_size", "shared_memory_offset")
_SEQUENCE = ("sequence_id", "sequence_start", "sequence_end")
EMPTY_FINAL_RESPONSE = "triton_enable_empty_final_response"


@dataclass(frozen=True, slots=True)
class RequestParameters:
    """What the request's parameters ask for; `timeout_s` None means no limit of its own."""

    lane: Lane = Lane.ROUTINE
    timeout_s: float | None = None
    precision: str | None = None


def read_parameters(parameters: Parameters) -> RequestParameters:
    """Reads `priority`, `timeout` and `precision`; other parameters belong to no model here.

    Raises InvalidRequest for values that cannot be and for what the box does not do (shared
    memory, sequences).
    """
    if not parameters:
        return RequestParameters()
    refuse_shared_memory(parameters, "the request")
    if any(_is_set(parameters[key]) for key in _SEQUENCE if key in parameters):
        raise InvalidRequest(
            "sequence parameters came; models here keep no state between requests, leave them out"
        )
    return RequestParameters(
        lane=_lane(parameters), timeout_s=_timeout_s(parameters), precision=_precision(parameters)
    )


def refuse_shared_memory(parameters: Parameters, where: str) -> None:
    """Raises InvalidRequest where a tensor or request points to shared memory."""
    if parameters and any(key in parameters for key in _SHARED_MEMORY):
        raise InvalidRequest(
            f"{where} points to shared memory, which this box does not take; "
            "send the tensor in the request"
        )


def _is_set(parameter: InferParameter) -> bool:
    choice = parameter.WhichOneof("parameter_choice")
    return choice is not None and bool(getattr(parameter, choice))


def _lane(parameters: Parameters) -> Lane:
    value = _integer_or_text(parameters, "priority", "1|stat, 2|routine or 3|batch")
    return Lane.parse(value)


def _timeout_s(parameters: Parameters) -> float | None:
    """Triton's `timeout`: microseconds; 0 means none."""
    value = _integer_or_text(parameters, "timeout", "a whole number of microseconds")
    if value in (None, ""):
        return None
    try:
        timeout_us = int(value or 0)
    except ValueError:
        timeout_us = -1
    if timeout_us < 0:
        raise InvalidRequest(
            "parameter timeout is a whole number of microseconds, 0 for none; something else came"
        )
    return timeout_us / 1e6 if timeout_us else None


def _precision(parameters: Parameters) -> str | None:
    if "precision" not in parameters:
        return None
    parameter = parameters["precision"]
    if parameter.WhichOneof("parameter_choice") != "string_param":
        raise InvalidRequest("parameter precision is a word such as bf16 in string_param")
    return parameter.string_param.strip().lower() or None


def _integer_or_text(parameters: Parameters, name: str, expected: str) -> int | str | None:
    if name not in parameters:
        return None
    parameter = parameters[name]
    match parameter.WhichOneof("parameter_choice"):
        case None:
            return None
        case "uint64_param":
            return parameter.uint64_param
        case "int64_param":
            return parameter.int64_param
        case "string_param":
            return parameter.string_param[:32]
        case other:
            raise InvalidRequest(f"parameter {name} is {expected}; {other} came")
