"""The one table from gRPC status codes back to domain errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import grpc

from appliance.errors import BoxFailed, BoxUnreachable
from serving.domain.errors import (
    AiboxError,
    CorruptModel,
    DeadlineExceeded,
    Forbidden,
    IllegalTransition,
    InvalidRequest,
    ModelNotFound,
    ModelNotReady,
    Overloaded,
    Unauthenticated,
    VersionExists,
)

ERROR_BY_STATUS: Mapping[grpc.StatusCode, type[AiboxError]] = MappingProxyType(
    {
        grpc.StatusCode.INVALID_ARGUMENT: InvalidRequest,
        grpc.StatusCode.NOT_FOUND: ModelNotFound,
        grpc.StatusCode.ALREADY_EXISTS: VersionExists,
        grpc.StatusCode.FAILED_PRECONDITION: IllegalTransition,
        grpc.StatusCode.UNAVAILABLE: ModelNotReady,
        grpc.StatusCode.RESOURCE_EXHAUSTED: Overloaded,
        grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
        grpc.StatusCode.DATA_LOSS: CorruptModel,
        grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
        grpc.StatusCode.PERMISSION_DENIED: Forbidden,
        grpc.StatusCode.INTERNAL: BoxFailed,
        grpc.StatusCode.UNKNOWN: BoxFailed,
    }
)
_REQUEST_ID = "x-request-id"
_TLS_SIGNS = ("handshake failed", "Hostname Verification")


@contextmanager
def domain_errors(address: str, not_found: type[AiboxError] = ModelNotFound) -> Iterator[None]:
    """Turns what grpc raises into domain errors; NOT_FOUND becomes `not_found`."""
    try:
        yield
    except grpc.RpcError as error:
        raise _translated(error, address, not_found) from None


def _translated(error: grpc.RpcError, address: str, not_found: type[AiboxError]) -> AiboxError:
    code, text = error.code(), error.details() or ""
    if code is grpc.StatusCode.UNAVAILABLE and any(sign in text for sign in _TLS_SIGNS):
        return BoxUnreachable(
            f"no secure connection to {address}; check --ca, --cert, the name in the box's "
            "certificate, and whether its port speaks TLS at all"
        )
    if code is grpc.StatusCode.UNAVAILABLE and not _answered(error):
        return BoxUnreachable(
            f"no box answers at {address}; start one with `aibox up`, or name its address with "
            "--address"
        )
    if code is grpc.StatusCode.NOT_FOUND:
        return not_found(text)
    if code is grpc.StatusCode.CANCELLED:
        return BoxUnreachable(f"the box at {address} ended the call; try again")
    return ERROR_BY_STATUS.get(code, BoxFailed)(text or f"the box answered {code.name}")


def _answered(error: grpc.RpcError) -> bool:
    """Whether the box itself answered, rather than nobody: it names every request it answers."""
    metadata: Any = error.trailing_metadata() or ()
    return _REQUEST_ID in dict(metadata)
