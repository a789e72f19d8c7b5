"""Addresses that the box would listen on: only loopback, and only free ones."""

from __future__ import annotations

import ipaddress
import socket

import psutil

from appliance.errors import AddressTaken, ConfigurationError


def require_loopback(what: str, host: str) -> None:
    """Raises ConfigurationError unless `host` is a loopback address.

    The box has no TLS yet, so patient data must not travel over a network.
    """
    if host == "localhost":
        return
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ConfigurationError(
            f"{what} is {host}, which is not a loopback address; refused at start, because this "
            "version has no TLS: use 127.0.0.1"
        )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket without SO_REUSEPORT, so that nobody else can share the port.

    SO_REUSEADDR is set: it forgives connections in TIME_WAIT, never a living listener.
    Raises AddressTaken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise AddressTaken(
            f"{host}:{port} cannot be used ({error.strerror}{_listener(port)}); stop what listens "
            "there, or set another port in aibox.toml",
            port=port,
        ) from None
    return sock


def require_free(host: str, port: int) -> None:
    """Raises AddressTaken where something listens on the address."""
    listen(host, port).close()


def _listener(port: int) -> str:
    """`: process 12 (name)` where the listener can be seen, else nothing."""
    try:
        found = [
            c.pid
            for c in psutil.net_connections(kind="tcp")
            if c.status == psutil.CONN_LISTEN and c.laddr and c.laddr.port == port and c.pid
        ]
        return f": process {found[0]} ({psutil.Process(found[0]).name()})" if found else ""
    except psutil.Error:
        return ""
