"""A gRPC server with every method of the box's protocols behind both guards; answers are names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from serving.access.token_gate import TokenGate
from serving.rpc.access_guard import AccessGuard
from serving.rpc.call_facts import CURRENT_CALL
from serving.rpc.call_log import CallLog
from serving.rpc.interceptors import CallGuard
from tests.unit.rpc.rpc_methods import every_method

UNLISTED = "/aibox.v1.JobService/Purge"
INTERNAL = "/aibox.v1.ControlService/Prepare"
BROKEN = b"broken"
FIELD = b"\xc2\x3e"
"""Tag of field 1000, of bytes: every message type takes it, as one that it does not know."""

Kind = tuple[bool, bool]
"""Whether requests come as a stream, and answers."""


def served() -> dict[str, Kind]:
    """Every method that the server has, and some that no protocol has."""
    known = {
        name: (method.client_streaming, method.server_streaming)
        for name, method in every_method().items()
    }
    return {**known, UNLISTED: (False, False), INTERNAL: (False, False)}


@asynccontextmanager
async def guarded_server(gate: TokenGate, socket: Path) -> AsyncIterator[str]:
    """The TCP address of a running server; it listens on the socket too."""
    guards = (CallGuard(CallLog(log_calls=False)), AccessGuard(gate))
    server = grpc.aio.server(interceptors=guards)
    for name, kind in served().items():
        _, service, method = name.split("/")
        handlers = {method: _handler(kind)}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    yield f"127.0.0.1:{port}"
    await server.stop(0)


def _handler(kind: Kind) -> Any:
    if kind == (False, False):
        return grpc.unary_unary_rpc_method_handler(_one, request_deserializer=_parse)
    if kind == (True, False):
        return grpc.stream_unary_rpc_method_handler(_count)
    if kind == (False, True):
        return grpc.unary_stream_rpc_method_handler(_writes, request_deserializer=_parse)
    return grpc.stream_stream_rpc_method_handler(_yields)


async def _one(request: bytes, context: Any) -> bytes:
    return _caller()


async def _count(requests: Any, context: Any) -> bytes:
    async for _ in requests:
        pass
    return _caller()


async def _writes(request: bytes, context: Any) -> None:
    await context.write(_caller())


async def _yields(requests: Any, context: Any) -> AsyncIterator[bytes]:
    async for _ in requests:
        yield _caller()


def _caller() -> bytes:
    caller = CURRENT_CALL.get().caller
    text = f"{caller.name} {caller.role}".encode()
    return FIELD + bytes([len(text)]) + text


def answer_text(answer: bytes) -> str:
    """The caller's name and role in an answer."""
    return answer[len(FIELD) + 1 :].decode()


def _parse(data: bytes) -> bytes:
    if data == BROKEN:
        raise DecodeError
    return data
