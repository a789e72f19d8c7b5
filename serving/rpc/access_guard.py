"""The guard at the door of every call: who calls, and may they?"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from typing import Any

import grpc

from serving.domain.access import BOX, Caller, Gatekeeper, Permission, bearer_token
from serving.domain.errors import Forbidden, Unauthenticated
from serving.rpc.call_facts import CURRENT_CALL
from serving.rpc.interceptors import Context, Handler
from serving.rpc.permissions import permission_of
from serving.rpc.request_parser import request_parser

AUTHORIZATION_KEY = "authorization"
_OWN_SOCKET = "unix:"

_MAKERS = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}
"""By whether requests and answers come as streams."""

_CLOSED = "nobody may call this method: the box sets no permission for it; report this"
_INTERNAL = "this method is for the box's own processes; nothing outside the box may call it"


class AccessGuard(grpc.aio.ServerInterceptor):
    """Raises Unauthenticated or Forbidden before a request is even parsed.

    Goes behind the CallGuard, which turns the errors into statuses. A call without a token on a
    Unix socket comes from a process of this box, which has looked at the caller itself. On a
    stream of requests each one is checked, so that revoking a token ends the stream.
    """

    def __init__(self, gatekeeper: Gatekeeper) -> None:
        self._gatekeeper = gatekeeper

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """The checked handler of the method; an unknown method stays unknown."""
        handler = await continuation(handler_call_details)
        permission = permission_of(handler_call_details.method)
        if handler is None or permission is Permission.OPEN:
            return handler
        return _CheckedMethod(handler, _Door(self._gatekeeper, permission)).handler()


class _Door:
    """What one method asks for; None where nobody may call it."""

    def __init__(self, gatekeeper: Gatekeeper, permission: Permission | None) -> None:
        self._gatekeeper = gatekeeper
        self._permission = permission

    def enter(self, context: Context) -> None:
        """Makes the caller known to the servicer. Raises Unauthenticated, Forbidden."""
        CURRENT_CALL.set(CURRENT_CALL.get().of(self.check(context)))

    def check(self, context: Context) -> Caller:
        """Who calls, once it is clear that they may. Raises Unauthenticated, Forbidden."""
        if self._permission is None:
            raise Forbidden(_CLOSED)
        token = _token(context.invocation_metadata())
        if token is None and context.peer().startswith(_OWN_SOCKET):
            return BOX
        if self._permission is Permission.INTERNAL:
            raise Forbidden(_INTERNAL)
        caller = self._gatekeeper.identify(token)
        caller.require(self._permission)
        return caller


class _CheckedMethod:
    """One method behind its door."""

    def __init__(self, handler: Handler, door: _Door) -> None:
        self._wrapped = handler
        self._door = door
        self._behaviour: Any = (
            handler.unary_unary
            or handler.unary_stream
            or handler.stream_unary
            or handler.stream_stream
        )
        self._parse = request_parser(handler.request_deserializer)

    def handler(self) -> Handler:
        """A single request comes as bytes: parsing it costs more than refusing it."""
        wrapped = self._wrapped
        yields = inspect.isasyncgenfunction(self._behaviour)
        checked: Any = self._yielding if yields else self._returning
        deserialize = wrapped.request_deserializer if wrapped.request_streaming else None
        make: Any = _MAKERS[wrapped.request_streaming, wrapped.response_streaming]
        handler: Handler = make(
            checked,
            request_deserializer=deserialize,
            response_serializer=wrapped.response_serializer,
        )
        return handler

    async def _returning(self, request: Any, context: Context) -> Any:
        """A method that returns its answer, or writes its answers itself."""
        self._door.enter(context)
        return await self._behaviour(self._request(request, context), context)

    async def _yielding(self, request: Any, context: Context) -> AsyncIterator[Any]:
        self._door.enter(context)
        answers: Any = self._behaviour(self._request(request, context), context)
        async with aclosing(answers) as closing:
            async for answer in closing:
                yield answer

    def _request(self, request: Any, context: Context) -> Any:
        if self._wrapped.request_streaming:
            return self._each_checked(request, context)
        return self._parse(request)

    async def _each_checked(self, requests: Any, context: Context) -> AsyncIterator[Any]:
        async for request in requests:
            self._door.check(context)
            yield request


def _token(metadata: Iterable[tuple[str, Any]] | None) -> str | None:
    """The bearer token of a call, if it sent one. Raises Unauthenticated."""
    found = [value for key, value in metadata or () if key == AUTHORIZATION_KEY]
    if not found:
        return None
    if len(found) > 1 or not isinstance(found[0], str):
        raise Unauthenticated("the call has several authorization headers; send one")
    return bearer_token(found[0])
