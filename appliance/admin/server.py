"""Runs the admin API in a thread of the supervisor."""

from __future__ import annotations

import socket
import ssl
import threading
from types import TracebackType

import uvicorn
from fastapi import FastAPI


class AdminServer:
    """Serves on a socket that is bound already; use as a context manager.

    With `tls` (see `appliance.admin.tls`) it speaks https, else http.
    """

    def __init__(
        self, app: FastAPI, sock: socket.socket, tls: ssl.SSLContext | None = None
    ) -> None:
        self._socket = sock
        config = uvicorn.Config(
            app,
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="admin", daemon=True)

    def __enter__(self) -> AdminServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(5.0)
        self._socket.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])
