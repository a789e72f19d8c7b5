"""Keeps Ray Serve's replicas on loopback.

A Serve replica opens a gRPC port on every interface (`[::]:0`) and offers no setting for it. The
name is rebound from the deployment's constructor, which runs before the port is opened.
`tests/e2e/test_e2e_loopback.py` fails when Ray changes this.
"""

from __future__ import annotations

from typing import Any

import ray.serve._private.replica as serve_replica
from ray._common.tls_utils import add_port_to_grpc_server

LOOPBACK = "127.0.0.1"


def keep_replica_on_loopback() -> None:
    """Rebinds how this process's Serve replica opens its port. Raises RuntimeError if Ray moved."""
    if not hasattr(serve_replica, "add_port_to_grpc_server"):
        raise RuntimeError("this version of Ray opens its replica's port in an unknown way")
    serve_replica.add_port_to_grpc_server = _add_loopback_port


def _add_loopback_port(server: Any, address: str) -> Any:
    return add_port_to_grpc_server(server, address.replace("[::]", LOOPBACK))
