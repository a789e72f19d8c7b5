"""Errors of the admin API as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import Response

from appliance.admin.request_guard import REQUEST_ID_HEADER, request_id_of
from appliance.errors import BoxUnreachable, NotRunning
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

MEDIA_TYPE = "application/problem+json"
LONGEST_PLACE = 100
MOST_ERRORS = 20

STATUS_BY_ERROR: Mapping[type, HTTPStatus] = MappingProxyType(
    {
        InvalidRequest: HTTPStatus.UNPROCESSABLE_ENTITY,
        UnsupportedImage: HTTPStatus.UNPROCESSABLE_ENTITY,
        ModelNotFound: HTTPStatus.NOT_FOUND,
        JobNotFound: HTTPStatus.NOT_FOUND,
        VersionExists: HTTPStatus.CONFLICT,
        IllegalTransition: HTTPStatus.CONFLICT,
        ModelNotReady: HTTPStatus.SERVICE_UNAVAILABLE,
        AuditUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        Overloaded: HTTPStatus.SERVICE_UNAVAILABLE,
        SpoolFull: HTTPStatus.SERVICE_UNAVAILABLE,
        DeadlineExceeded: HTTPStatus.GATEWAY_TIMEOUT,
        CorruptModel: HTTPStatus.INTERNAL_SERVER_ERROR,
        Unauthenticated: HTTPStatus.UNAUTHORIZED,
        Forbidden: HTTPStatus.FORBIDDEN,
        NotRunning: HTTPStatus.SERVICE_UNAVAILABLE,
        BoxUnreachable: HTTPStatus.SERVICE_UNAVAILABLE,
    }
)
"""The one table from domain errors to HTTP (DESIGN section 3); all else is a 500."""


class FieldProblem(BaseModel):
    """One value of a request that cannot be; the value itself is not repeated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: str
    """As `body.share` or `query.limit`."""
    problem: str


class Problem(BaseModel):
    """The body of every error answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    """`urn:aibox:problem:<kind>`, for programs to tell kinds apart."""
    title: str
    status: int
    detail: str
    """One sentence for a person."""
    request_id: str
    """Names the request in the box's log."""
    errors: tuple[FieldProblem, ...] = ()


def answer_problems(app: FastAPI) -> None:
    """Every error that a route raises leaves as a problem; see RequestGuard for the unexpected."""
    app.add_exception_handler(AiboxError, _domain_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route or app that may answer these problems, for its OpenAPI."""
    schema = Problem.model_json_schema()
    # A reference would be looked up in the document that this becomes a part of.
    schema["properties"]["errors"]["items"] = schema.pop("$defs")[FieldProblem.__name__]
    content = {MEDIA_TYPE: {"schema": schema}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


def problem_of(error: BaseException, request_id: str) -> Problem:
    """The problem for an error. Only errors of the table show their text: others may quote
    patient data."""
    for kind in type(error).__mro__:
        if kind in STATUS_BY_ERROR and isinstance(error, AiboxError):
            return _problem(STATUS_BY_ERROR[kind], _kind(type(error)), error.message, request_id)
    text = f"an internal error ended this request; the box's log names it by id {request_id}"
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", text, request_id)


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to send."""
    return Response(
        problem.model_dump_json(exclude_defaults=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={**(headers or {}), REQUEST_ID_HEADER: problem.request_id},
    )


async def _domain_error(request: Request, error: Exception) -> Response:
    return problem_response(problem_of(error, request_id_of(request.scope)))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = tuple(_field(each) for each in list(error.errors())[:MOST_ERRORS])
    first = f"{errors[0].at}: {errors[0].problem}" if errors else "it has the wrong form"
    problem = _problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        _kind(InvalidRequest),
        f"the request cannot be understood ({first})",
        request_id_of(request.scope),
    )
    return problem_response(problem.model_copy(update={"errors": errors}))


async def _http_error(request: Request, error: Exception) -> Response:
    """A path or method that the API does not have, mostly."""
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    kind = status.phrase.lower().replace(" ", "-")
    problem = _problem(status, kind, str(error.detail), request_id_of(request.scope))
    return problem_response(problem, error.headers)


def _field(error: Mapping[str, Any]) -> FieldProblem:
    # `input` and `ctx` hold what was sent, which is nobody's but the sender's.
    place = ".".join(str(part) for part in error["loc"])
    return FieldProblem(at=place[:LONGEST_PLACE], problem=error["msg"])


def _problem(status: HTTPStatus, kind: str, detail: str, request_id: str) -> Problem:
    return Problem(
        type=f"urn:aibox:problem:{kind}",
        title=kind.replace("-", " ").capitalize(),
        status=status,
        detail=detail,
        request_id=request_id,
    )


def _kind(error: type) -> str:
    """`ModelNotFound` as `model-not-found`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", error.__name__).lower()
