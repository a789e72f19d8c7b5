"""What the box shows to others: only loopback is open without TLS and known callers."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from appliance.errors import ConfigurationError
from appliance.settings import Settings


@dataclass(frozen=True, slots=True)
class Listener:
    """One listening address, as its settings have it."""

    section: str
    """Its part of aibox.toml: `grpc` or `admin`."""
    host: str
    tls: bool
    authenticated: bool
    """Whether every caller must bring a token: a client certificate alone carries no role."""


def check_exposure(settings: Settings) -> None:
    """Raises ConfigurationError where patient data could be read by whoever reaches the box."""
    for listener in listeners(settings):
        check_listener(listener)


def listeners(settings: Settings) -> tuple[Listener, ...]:
    """What a box of these settings listens on, beside its private Unix sockets."""
    grpc, admin, tokens = settings.grpc, settings.admin, settings.access.required
    return (
        Listener("grpc", grpc.host, grpc.tls is not None, tokens),
        Listener("admin", admin.host, admin.tls is not None, tokens),
    )


def check_listener(listener: Listener) -> None:
    """Raises ConfigurationError unless it is on loopback, or has both TLS and known callers."""
    if is_loopback(listener.host):
        return
    section = listener.section
    start = f"{section}.host is {listener.host}, which is not a loopback address; refused at start"
    if not listener.tls:
        raise ConfigurationError(
            f"{start} without TLS: set {section}.tls.cert and {section}.tls.key to files of "
            "`aibox certs make`, or use 127.0.0.1"
        )
    if not listener.authenticated:
        raise ConfigurationError(
            f"{start} while anyone may call: set access.required = true, or use 127.0.0.1"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address; a name other than localhost is not."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
