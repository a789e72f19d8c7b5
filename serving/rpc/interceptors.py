"""The guard around every call: request id, error translation, one log line."""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeAlias

import grpc

from serving.rpc.call_facts import CURRENT_CALL, REQUEST_ID_KEY, read_facts
from serving.rpc.call_log import CallLog
from serving.rpc.request_parser import Codec, request_parser, unchanged

Context = grpc.aio.ServicerContext[Any, Any]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class CallGuard(grpc.aio.ServerInterceptor):
    """Wraps each method once; what a servicer raises leaves by the status table alone.

    Parsing and serialising happen inside the guard too, so that not even their errors reach
    gRPC's own log with a text.
    """

    def __init__(self, log: CallLog) -> None:
        self._log = log
        self._guarded: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """The guarded handler of the method; an unknown method stays unknown."""
        method = handler_call_details.method
        known = self._guarded.get(method)
        if known is not None:
            return known
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        self._guarded[method] = _GuardedMethod(method, handler, self._log).handler()
        return self._guarded[method]


class _GuardedMethod:
    """One method with its codecs taken in."""

    def __init__(self, method: str, handler: Handler, log: CallLog) -> None:
        self._method = method.rpartition("/")[2]
        self._wrapped = handler
        self._log = log
        self._behaviour: Any = (
            handler.unary_unary
            or handler.unary_stream
            or handler.stream_unary
            or handler.stream_stream
        )
        self._yields = inspect.isasyncgenfunction(self._behaviour)
        self._serialize: Codec = handler.response_serializer or unchanged
        self._parse: Codec = request_parser(handler.request_deserializer)

    def handler(self) -> Handler:
        if self._wrapped.request_streaming:
            make = (
                grpc.stream_stream_rpc_method_handler
                if self._wrapped.response_streaming
                else grpc.stream_unary_rpc_method_handler
            )
            behaviour: Any = self._stream if self._wrapped.response_streaming else self._unary
            return make(behaviour, request_deserializer=self._parse)
        if self._wrapped.response_streaming:
            return grpc.unary_stream_rpc_method_handler(self._stream)
        return grpc.unary_unary_rpc_method_handler(self._unary)

    async def _unary(self, request: Any, context: Context) -> Any:
        """A call with one answer; a single request comes as bytes, many as an iterator."""
        started_s = time.perf_counter()
        request_id = _enter(context)
        try:
            if not self._wrapped.request_streaming:
                request = self._parse(request)
            answer = self._serialize(await self._behaviour(request, context))
        except grpc.aio.AbortError:
            self._aborted(request_id, started_s, context)
            raise
        except BaseException as error:
            await self._fail(request_id, started_s, context, error)
        self._log.finished(self._method, request_id, started_s)
        return answer

    async def _stream(self, request: Any, context: Context) -> None:
        """A call with a stream of answers, from a generator or a coroutine that writes them."""
        started_s = time.perf_counter()
        request_id = _enter(context)
        try:
            if not self._wrapped.request_streaming:
                request = self._parse(request)
            await self._answers(request, context)
        except grpc.aio.AbortError:
            self._aborted(request_id, started_s, context)
            raise
        except BaseException as error:
            await self._fail(request_id, started_s, context, error)
        self._log.finished(self._method, request_id, started_s)

    async def _answers(self, request: Any, context: Context) -> None:
        if not self._yields:
            await self._behaviour(request, _SerializingContext(context, self._serialize))
            return
        answers: Any = self._behaviour(request, context)
        async with aclosing(answers) as closing:
            async for answer in closing:
                await context.write(self._serialize(answer))

    async def _fail(
        self, request_id: str, started_s: float, context: Context, error: BaseException
    ) -> None:
        """Logs the failure and ends the call with its status."""
        code, text = self._log.failed(self._method, request_id, started_s, error)
        if not isinstance(error, Exception):
            raise error
        await context.abort(code, text, trailing_metadata=((REQUEST_ID_KEY, request_id),))

    def _aborted(self, request_id: str, started_s: float, context: Context) -> None:
        self._log.ended(self._method, request_id, started_s, context.code())


class _SerializingContext:
    """A servicer context whose `write` serialises, for servicers that write by themselves."""

    def __init__(self, context: Context, serialize: Codec) -> None:
        self._context = context
        self._serialize = serialize

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    async def write(self, message: Any) -> None:
        await self._context.write(self._serialize(message))


def _enter(context: Context) -> str:
    facts = read_facts(context.invocation_metadata())
    CURRENT_CALL.set(facts)
    context.set_trailing_metadata(((REQUEST_ID_KEY, facts.request_id),))
    return facts.request_id
