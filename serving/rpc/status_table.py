"""The one table from domain errors to gRPC status codes (DESIGN section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import grpc

from serving.domain.errors import (
    AiboxError,
    AuditUnavailable,
    CorruptModel,
    DeadlineExceeded,
    Forbidden,
    IllegalTransition,
    InvalidRequest,
    JobNotFound,
    ModelNotFound,
    ModelNotReady,
    Overloaded,
    SpoolFull,
    Unauthenticated,
    UnsupportedImage,
    VersionExists,
)

STATUS_BY_ERROR: Mapping[type, grpc.StatusCode] = MappingProxyType(
    {
        InvalidRequest: grpc.StatusCode.INVALID_ARGUMENT,
        UnsupportedImage: grpc.StatusCode.INVALID_ARGUMENT,
        ModelNotFound: grpc.StatusCode.NOT_FOUND,
        JobNotFound: grpc.StatusCode.NOT_FOUND,
        VersionExists: grpc.StatusCode.ALREADY_EXISTS,
        IllegalTransition: grpc.StatusCode.FAILED_PRECONDITION,
        ModelNotReady: grpc.StatusCode.UNAVAILABLE,
        AuditUnavailable: grpc.StatusCode.UNAVAILABLE,
        Overloaded: grpc.StatusCode.RESOURCE_EXHAUSTED,
        SpoolFull: grpc.StatusCode.RESOURCE_EXHAUSTED,
        DeadlineExceeded: grpc.StatusCode.DEADLINE_EXCEEDED,
        CorruptModel: grpc.StatusCode.DATA_LOSS,
        Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
        Forbidden: grpc.StatusCode.PERMISSION_DENIED,
    }
)


class SiblingStatus(Exception):
    """A sibling answered a forwarded request with this status; it is passed on unchanged."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(code.name)
        self.code = code
        self.details = details


def status_of(error: BaseException, request_id: str) -> tuple[grpc.StatusCode, str]:
    """Status code and text for the caller.

    Errors that are not of the domain become INTERNAL with a fixed text: their own text may hold
    patient data.
    """
    if isinstance(error, SiblingStatus):
        return error.code, error.details
    if isinstance(error, AiboxError):
        for kind in type(error).__mro__:
            if kind in STATUS_BY_ERROR:
                return STATUS_BY_ERROR[kind], error.message
    return (
        grpc.StatusCode.INTERNAL,
        f"an internal error ended this request; the box's log names it by request id {request_id}",
    )
