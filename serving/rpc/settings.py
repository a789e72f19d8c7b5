"""How the gRPC side listens and how much it takes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from serving.rpc.tls_settings import GrpcTlsSettings

MIB = 1 << 20
GIB = 1 << 30


class GrpcSettings(BaseModel):
    """Section `[grpc]` of `aibox.toml`. One listener for all replicas, shared by SO_REUSEPORT."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8001
    """0 takes a free port: for tests with one replica only."""
    tls: GrpcTlsSettings | None = None
    """Left out, the port speaks in the clear, which only a loopback address may."""
    max_message_bytes: Annotated[int, Field(ge=MIB, le=2 * GIB - 1)] = GIB
    """Bound of one message, both ways."""
    max_inflight_bytes: Annotated[int, Field(ge=MIB)] = 4 * GIB
    """Bound of all inference requests held by one replica; above it RESOURCE_EXHAUSTED."""
    max_concurrent_streams: Annotated[int, Field(ge=1)] = 1024
    """Calls open at once on one connection; further ones wait in the client."""
    stream_inflight: Annotated[int, Field(ge=1, le=1024)] = 16
    """Requests of one ModelStreamInfer call worked on at once."""
    keepalive_time_s: Annotated[float, Field(gt=0)] = 60.0
    keepalive_timeout_s: Annotated[float, Field(gt=0)] = 20.0
    grace_s: Annotated[float, Field(ge=0)] = 10.0
    """How long calls in flight may take to finish when the server stops."""
    log_calls: bool = True
    """One log line for every call; off, only failed calls and long ones are logged."""
    forward_margin: Annotated[int, Field(ge=1)] = 2
    """A request goes to a sibling whose queue is shorter by this many."""
