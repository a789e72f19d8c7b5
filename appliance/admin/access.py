"""Who calls the admin API, and may they? The same gatekeeper and roles as on gRPC."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from appliance.admin.foreign_pages import refuse_foreign_pages
from appliance.admin.problem import answer_problems, problem_of, problem_response
from appliance.admin.request_guard import RequestGuard, request_id_of
from serving.domain.access import NOBODY, Caller, Gatekeeper, Permission, bearer_token
from serving.domain.errors import Forbidden, Unauthenticated

OPEN_PATHS = frozenset({"/healthz"})
"""Answered to everybody: monitors hold no token."""

_BASIC = "basic "
_CHALLENGES = ('Bearer realm="aibox"', 'Basic realm="aibox", charset="UTF-8"')
"""A header each: Chromium reads no further than the first challenge of one."""
_CALLER = "caller"


def protect(app: FastAPI, gatekeeper: Gatekeeper, open_paths: Collection[str] = OPEN_PATHS) -> None:
    """Lets nobody in whom the gatekeeper does not know, and answers all errors as problems."""
    answer_problems(app)
    app.add_middleware(Doorkeeper, gatekeeper=gatekeeper, open_paths=open_paths)
    # Added last, so outermost.
    app.add_middleware(
        RequestGuard,
        on_failure=lambda error, request_id: problem_response(problem_of(error, request_id)),
    )


class Doorkeeper:
    """ASGI middleware: knows the caller before anything of a body is read."""

    def __init__(self, app: ASGIApp, gatekeeper: Gatekeeper, open_paths: Collection[str]) -> None:
        self._app = app
        self._gatekeeper = gatekeeper
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http" and scope["path"] not in self._open_paths:
            await self._admit(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            caller = self._identify(scope)
        except (Unauthenticated, Forbidden) as error:
            await _refusal(error, scope)(scope, receive, send)
            return
        scope.setdefault("state", {})[_CALLER] = caller
        await self._app(scope, receive, send)

    def _identify(self, scope: Scope) -> Caller:
        headers = Headers(scope=scope)
        authorization = headers.getlist("authorization")
        if len(authorization) > 1:
            raise Unauthenticated("the request has several authorization headers; send one")
        header = authorization[0] if authorization else None
        if header is None or header.lower().startswith(_BASIC):
            # Only these can come of a browser without its user's will.
            refuse_foreign_pages(scope["method"], headers, by_name=header is not None)
        return self._gatekeeper.identify(None if header is None else _token(header))


@dataclass(frozen=True, slots=True)
class Requirement:
    """A dependency of a route: its caller, who has the permission."""

    permission: Permission

    async def __call__(self, request: Request) -> Caller:
        """Raises Forbidden."""
        caller: Caller = getattr(request.state, _CALLER, NOBODY)
        caller.require(self.permission)
        return caller


@cache
def require(permission: Permission) -> Requirement:
    """For `dependencies=[Depends(require(Permission.READ))]`, or as a parameter's `Depends` where
    the route wants to know its caller."""
    return Requirement(permission)


@dataclass(frozen=True, slots=True)
class RouteAccess:
    """What a route of an app asks for; None where it declares nothing."""

    path: str
    methods: tuple[str, ...]
    permission: Permission | None


def route_access(app: FastAPI) -> Iterator[RouteAccess]:
    """Every route of the app, those of its routers too, with the permission that it declares."""
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        permission = None if dependant is None else _declared(dependant)
        yield RouteAccess(route.path or "", tuple(sorted(route.methods or ())), permission)


def _declared(dependant: Dependant) -> Permission | None:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Requirement):
            return inner.call.permission
        deeper = _declared(inner)
        if deeper is not None:
            return deeper
    return None


def _token(header: str) -> str:
    """The token of the header: a bearer's, or a browser's password. Raises Unauthenticated."""
    if not header.lower().startswith(_BASIC):
        return bearer_token(header)
    try:
        decoded = base64.b64decode(header[len(_BASIC) :], validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise Unauthenticated("the basic authorization header cannot be decoded") from None
    return decoded.partition(":")[2]


def _refusal(error: Unauthenticated | Forbidden, scope: Scope) -> ASGIApp:
    response = problem_response(problem_of(error, request_id_of(scope)))
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        for challenge in _CHALLENGES:  # Basic makes a browser ask for the token, as the password
            response.headers.append("www-authenticate", challenge)
    return response
