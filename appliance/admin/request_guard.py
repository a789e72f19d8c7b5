"""Around every request of the admin API: its id, and the last catch of what nobody expected."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.rpc.call_facts import REQUEST_ID_KEY, make_request_id, well_formed

REQUEST_ID_HEADER = REQUEST_ID_KEY
_STATE_KEY = "request_id"

OnFailure = Callable[[Exception, str], ASGIApp]
"""The answer to send for an unexpected error of the request with this id."""


class RequestGuard:
    """ASGI middleware: names every request, and answers for a route that crashes.

    The error goes no further: what the web server would log of it quotes its text.
    """

    def __init__(self, app: ASGIApp, on_failure: OnFailure) -> None:
        self._app = app
        self._on_failure = on_failure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        _state(scope)[_STATE_KEY] = request_id
        answer = _Answer(send, request_id)
        try:
            await self._app(scope, receive, answer)
        except Exception as error:
            _log(error, request_id)
            if not answer.started:
                await self._on_failure(error, request_id)(scope, receive, answer)


def request_id_of(scope: Scope) -> str:
    """The id that the guard gave this request."""
    found: str = _state(scope).setdefault(_STATE_KEY, make_request_id())
    return found


class _Answer:
    """Sends on, with the request's id in the headers; knows whether an answer has begun."""

    def __init__(self, send: Callable[[Message], Awaitable[None]], request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            MutableHeaders(scope=message)[REQUEST_ID_HEADER] = self._request_id
        await self._send(message)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
    return given if well_formed(given) else make_request_id()


def _state(scope: Scope) -> MutableMapping[str, Any]:
    state: MutableMapping[str, Any] = scope.setdefault("state", {})
    return state


def _log(error: Exception, request_id: str) -> None:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    structlog.stdlib.get_logger(__name__).error(
        "an admin request failed",
        request_id=request_id,
        error_kind=type(error).__name__,
        error_at=f"{frame.name}:{frame.lineno}",
    )
