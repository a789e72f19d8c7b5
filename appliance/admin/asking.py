"""Routes that ask for a change: an operation is made of each request, once for each key."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from appliance.admin.access import require
from appliance.admin.operations.operation import Operation, OperationState
from appliance.admin.operations.runner import OperationRunner, Work
from appliance.admin.operations.ticket import Ticket
from appliance.admin.parts import Parts
from appliance.admin.prefer import Prefer, wait_s
from appliance.admin.problem import Problem, documented, problem_response
from appliance.admin.request_guard import request_id_of
from serving.domain.access import Caller, Permission

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        pattern=r"^[ -~]+$",
        description="Sent again with the same key, the request is answered with its operation.",
    ),
]


@dataclass(frozen=True, slots=True)
class Asking:
    """One request for a change, and how its caller wants to hear of it."""

    runner: OperationRunner
    caller: Caller
    target: str
    """Method and path."""
    key: str
    wait_s: int
    request_id: str

    async def answer(
        self, action: str, subject: str, work: Work, body: BaseModel | None = None
    ) -> Response:
        """202 with the operation; where the caller waits for its end, 200 or its problem.

        Raises Overloaded, and InvalidRequest where the key was used for another request.
        """
        ticket = Ticket(
            action=action,
            subject=subject,
            actor=self.caller.name,
            role=self.caller.role,
            key=self.key,
            fingerprint=_fingerprint(self.target, body),
        )
        operation = await run_in_threadpool(self.runner.submit, ticket, work)
        if self.wait_s:
            await self.runner.wait(operation.id, self.wait_s)
            operation = await run_in_threadpool(self.runner.get, operation.id)
        return self._response(operation)

    def _response(self, operation: Operation) -> Response:
        if self.wait_s and operation.error is not None:
            return problem_response(problem_in(operation, self.request_id), _headers(operation))
        done = operation.state is OperationState.DONE
        return JSONResponse(
            operation.model_dump(mode="json"), 200 if done else 202, _headers(operation)
        )


async def asked(
    request: Request,
    parts: Parts,
    caller: Annotated[Caller, Depends(require(Permission.VERSIONS))],
    prefer: Prefer = None,
    idempotency_key: Key = None,
) -> Asking:
    """The dependency of a route that changes what serves."""
    return Asking(
        runner=parts.operations,
        caller=caller,
        target=f"{request.method} {request.url.path}",
        key=idempotency_key or "",
        wait_s=wait_s(prefer),
        request_id=request_id_of(request.scope),
    )


Asked = Annotated[Asking, Depends(asked)]


def changes() -> dict[str, Any]:
    """What a route that makes an operation declares: `@router.post(path, **changes())`."""
    return {
        "status_code": 202,
        "response_model": Operation,
        "responses": {
            200: {"model": Operation, "description": "It is done."},
            202: {"description": "It is queued or under way; see /v1/operations."},
            **documented(400, 404, 409, 422, 503, 504),
        },
    }


def problem_in(operation: Operation, request_id: str) -> Problem:
    """Why a failed operation failed, as the answer to a request."""
    error = operation.error
    assert error is not None, "only a failed operation has a problem"
    return Problem(
        type=f"urn:aibox:problem:{error.kind}",
        title=error.kind.replace("-", " ").capitalize(),
        status=error.status,
        detail=error.message,
        request_id=request_id,
    )


def _headers(operation: Operation) -> dict[str, str]:
    return {"location": f"/v1/operations/{operation.id}"}


def _fingerprint(target: str, body: BaseModel | None) -> str:
    content = f"{target}\n{body.model_dump_json() if body else ''}"
    return hashlib.sha256(content.encode()).hexdigest()
