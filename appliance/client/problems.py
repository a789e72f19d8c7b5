"""The one table from the admin API's problems back to domain errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType

from appliance.errors import BoxFailed, BoxUnreachable, NotRunning
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

ERROR_BY_KIND: Mapping[str, type[AiboxError]] = MappingProxyType(
    {
        "invalid-request": InvalidRequest,
        "unsupported-image": UnsupportedImage,
        "model-not-found": ModelNotFound,
        "job-not-found": JobNotFound,
        "version-exists": VersionExists,
        "illegal-transition": IllegalTransition,
        "model-not-ready": ModelNotReady,
        "audit-unavailable": AuditUnavailable,
        "overloaded": Overloaded,
        "spool-full": SpoolFull,
        "deadline-exceeded": DeadlineExceeded,
        "corrupt-model": CorruptModel,
        "unauthenticated": Unauthenticated,
        "forbidden": Forbidden,
        "not-running": NotRunning,
        "box-unreachable": BoxUnreachable,
    }
)
"""By the last word of a problem's `type`."""


def error_of(kind: str, message: str) -> AiboxError:
    """The error that the box met; BoxFailed where it is none that a caller can do much about."""
    return ERROR_BY_KIND.get(kind, BoxFailed)(message)


def error_in(body: bytes, status: int) -> AiboxError:
    """The error in an answer; something else than a box may have given it."""
    try:
        problem = json.loads(body)
        kind, detail = str(problem["type"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return BoxFailed(f"the answer has status {status} and is none of a box; check the address")
    return error_of(kind.rpartition(":")[2], detail)
