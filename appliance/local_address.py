"""Where a command on the box itself reaches it without a certificate."""

from __future__ import annotations

from appliance.run_files import read_nodes
from appliance.state_dir import StateDir
from serving.settings import ServingSettings


def local_address(state: StateDir) -> str | None:
    """A replica's Unix socket (its folder is its owner's alone), where the port speaks TLS.

    None where the port speaks in the clear, and where no replica is up.
    """
    if not _speaks_tls(state):
        return None
    sockets = (state.run / f"node-{node.node}.sock" for node in read_nodes(state))
    return next((f"unix:{path}" for path in sockets if path.exists()), None)


def _speaks_tls(state: StateDir) -> bool:
    try:
        told = ServingSettings.model_validate_json(state.settings.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return told.grpc.tls is not None
