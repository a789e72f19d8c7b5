"""Sends a token with every call of a channel."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import grpc

from appliance.errors import ConfigurationError
from appliance.exposure import is_loopback

TOKEN_VARIABLE = "AIBOX_TOKEN"
"""Names the token for the command line: arguments are seen by every user of a machine."""

_PRINTABLE = re.compile(r"[!-~]+")


class BearerToken(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Adds `authorization: Bearer ...` to the metadata of calls."""

    def __init__(self, token: str) -> None:
        self._header = ("authorization", f"Bearer {token}")

    def intercept_unary_unary(
        self, continuation: Callable[..., Any], details: grpc.ClientCallDetails, request: Any
    ) -> Any:
        return continuation(self._signed(details), request)

    def intercept_unary_stream(
        self, continuation: Callable[..., Any], details: grpc.ClientCallDetails, request: Any
    ) -> Any:
        return continuation(self._signed(details), request)

    def intercept_stream_unary(
        self, continuation: Callable[..., Any], details: grpc.ClientCallDetails, requests: Any
    ) -> Any:
        return continuation(self._signed(details), requests)

    def intercept_stream_stream(
        self, continuation: Callable[..., Any], details: grpc.ClientCallDetails, requests: Any
    ) -> Any:
        return continuation(self._signed(details), requests)

    def _signed(self, details: grpc.ClientCallDetails) -> Any:
        known: Any = details
        metadata = (*(details.metadata or ()), self._header)
        return _Details(
            details.method,
            details.timeout,
            metadata,
            details.credentials,
            known.wait_for_ready,
            known.compression,
        )


class _Details(NamedTuple):
    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: bool | None
    compression: Any


def with_token(channel: grpc.Channel, token: str | None) -> grpc.Channel:
    """The channel, sending the token where there is one."""
    return grpc.intercept_channel(channel, BearerToken(token)) if token else channel


def chosen_token(given: str | None, address: str, *, secure: bool) -> str | None:
    """The given token, else that of `$AIBOX_TOKEN`, for a box at host:port or `unix:PATH`.

    Raises ConfigurationError where it is no token, or would cross a network in the clear.
    """
    token = (given or os.environ.get(TOKEN_VARIABLE) or "").strip()
    if not token:
        return None
    if not _PRINTABLE.fullmatch(token):
        raise ConfigurationError(
            f"the token (of {TOKEN_VARIABLE}, or as given) holds characters that no token has; "
            "copy it again from `aibox tokens create`"
        )
    if not secure and not _on_this_machine(address):
        raise ConfigurationError(
            f"a token would go to {address} in the clear; use TLS (--ca), or a box on loopback"
        )
    return token


def _on_this_machine(address: str) -> bool:
    if address.startswith("unix:"):
        return True
    return is_loopback(address.rpartition(":")[0].strip("[]"))
