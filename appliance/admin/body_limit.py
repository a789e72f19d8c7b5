"""No request to the admin API needs more than a few kilobytes."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from appliance.admin.problem import Problem, problem_response
from appliance.admin.request_guard import request_id_of

MOST_BYTES = 64 * 1024
_DETAIL = f"the body of a request may have {MOST_BYTES // 1024} KiB at most"


class BodyLimit:
    """ASGI middleware: refuses a body that is announced too long, stops one that becomes so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced[:20]) > MOST_BYTES:
            await _too_long(scope)(scope, receive, send)
            return
        await self._app(scope, _Counted(receive), send)


class _Counted:
    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._bytes = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        if self._bytes > MOST_BYTES:
            # FastAPI lets this kind of error pass while it reads a body.
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _DETAIL)
        return message


def _too_long(scope: Scope) -> ASGIApp:
    return problem_response(
        Problem(
            type="urn:aibox:problem:request-entity-too-large",
            title="Request entity too large",
            status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            detail=_DETAIL,
            request_id=request_id_of(scope),
        )
    )
