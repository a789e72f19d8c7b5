"""Addresses that the box would listen on: only free ones."""

from __future__ import annotations

import socket
from pathlib import Path

import psutil

from appliance.errors import AddressTaken


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


def listen_unix(path: Path) -> socket.socket:
    """A listening Unix socket for this user alone; the caller holds the folder's lock.

    Raises AddressTaken where the path is too long for one.
    """
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(str(path))
        path.chmod(0o600)
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise AddressTaken(
            f"{path} cannot be listened on ({error.strerror or error}); choose a shorter state "
            "directory"
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
