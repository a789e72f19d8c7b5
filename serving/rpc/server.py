"""One gRPC server of one replica: the shared port, its own Unix socket, health, reflection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from serving.domain.access import Gatekeeper
from serving.rpc.access_guard import AccessGuard
from serving.rpc.call_log import CallLog
from serving.rpc.credentials import server_credentials
from serving.rpc.interceptors import CallGuard
from serving.rpc.readiness import Readiness
from serving.rpc.settings import GrpcSettings

MAX_SOCKET_PATH_BYTES = 107
"""Linux's `sockaddr_un.sun_path` less its closing zero byte."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service to add: its full name and what registers its servicer on a server."""

    name: str
    register: Callable[[grpc.aio.Server], None]


class BoxServer:
    """A built server. NOT_SERVING until told otherwise; calls in flight finish when it stops."""

    def __init__(
        self,
        server: grpc.aio.Server,
        health_servicer: health.aio.HealthServicer,
        names: Sequence[str],
        address: str,
        grace_s: float,
        readiness: Readiness,
    ) -> None:
        self._server = server
        self._health = health_servicer
        self._names = ("", *names)
        self._grace_s = grace_s
        self._readiness = readiness
        self.address = address
        """host:port as bound."""

    @property
    def serving(self) -> bool:
        """What health says now."""
        return self._readiness.serving

    async def start(self) -> None:
        """Takes calls from now on; health says NOT_SERVING until `set_serving(True)`."""
        await self.set_serving(False)
        await self._server.start()

    async def set_serving(self, serving: bool) -> None:
        """Sets the status of every service for grpc.health.v1 and its watchers."""
        self._readiness.serving = serving
        states = health_pb2.HealthCheckResponse
        state = states.SERVING if serving else states.NOT_SERVING
        for name in self._names:
            await self._health.set(name, state)

    async def stop(self) -> None:
        """Refuses new calls, gives those in flight `grace_s`, then ends them."""
        self._readiness.serving = False
        await self._health.enter_graceful_shutdown()
        await self._server.stop(self._grace_s)


def build_server(
    settings: GrpcSettings,
    services: Sequence[Service],
    readiness: Readiness,
    *,
    node_socket: Path | None = None,
    gatekeeper: Gatekeeper | None = None,
) -> BoxServer:
    """A server bound to the shared port and, where given, to this replica's own socket.

    `readiness` is the one that the servicers ask. Call it inside the running event loop. Raises
    OSError where an address cannot be bound, InvalidRequest where its certificate cannot be used.
    """
    guards: list[grpc.aio.ServerInterceptor] = [CallGuard(CallLog(log_calls=settings.log_calls))]
    if gatekeeper is not None:
        guards.append(AccessGuard(gatekeeper))
    server = grpc.aio.server(
        interceptors=tuple(guards),
        options=_channel_options(settings),
    )
    health_servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    for service in services:
        service.register(server)
    names = [service.name for service in services]
    reflection.enable_server_reflection(
        [*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server
    )
    address = _bind(server, settings, node_socket)
    return BoxServer(server, health_servicer, names, address, settings.grace_s, readiness)


def _bind(server: grpc.aio.Server, settings: GrpcSettings, node_socket: Path | None) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    try:
        port = _add_port(server, f"{host}:{settings.port}", settings)
    except RuntimeError:
        port = 0
    if port == 0:
        raise OSError(f"the gRPC address {host}:{settings.port} cannot be bound")
    if node_socket is not None:
        _bind_socket(server, node_socket)
    return f"{host}:{port}"


def _add_port(server: grpc.aio.Server, address: str, settings: GrpcSettings) -> int:
    if settings.tls is None:
        return server.add_insecure_port(address)
    return server.add_secure_port(address, server_credentials(settings.tls))


def _bind_socket(server: grpc.aio.Server, path: Path) -> None:
    length = len(bytes(path))
    if length > MAX_SOCKET_PATH_BYTES:
        raise OSError(
            f"the path of the node's socket has {length} bytes, Linux takes "
            f"{MAX_SOCKET_PATH_BYTES}; choose a shorter state directory"
        )
    try:
        server.add_insecure_port(f"unix:{path}")
    except RuntimeError:
        raise OSError("the node's Unix socket cannot be bound") from None


def _channel_options(settings: GrpcSettings) -> list[tuple[str, int]]:
    return [
        ("grpc.so_reuseport", 1),
        ("grpc.max_receive_message_length", settings.max_message_bytes),
        ("grpc.max_send_message_length", settings.max_message_bytes),
        ("grpc.max_concurrent_streams", settings.max_concurrent_streams),
        ("grpc.keepalive_time_ms", int(settings.keepalive_time_s * 1000)),
        ("grpc.keepalive_timeout_ms", int(settings.keepalive_timeout_s * 1000)),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
    ]
