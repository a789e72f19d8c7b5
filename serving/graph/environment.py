"""What Ray's processes find in their environment; ray reads most of it while it is imported."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from serving.ray_settings import RaySettings
from serving.settings import ServingSettings

_LOOPBACK_ONLY = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
UNIX_SOCKET_PATH_MAX = 107
_LONGEST_RAY_SOCKET = "/session_2026-01-01_00-00-00_000000_0000000/sockets/plasma_store.sock"


def ray_environment(settings: ServingSettings, base: Mapping[str, str]) -> dict[str, str]:
    """The environment of the Ray driver and, by inheritance, of every process of the box."""
    inherited = {key: value for key, value in base.items() if key != _LOOPBACK_ONLY}
    return {
        **inherited,
        **_where_ray_listens(settings.ray),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(_token_file(settings.state_dir)),
        # Ray gives its workers a niceness of 15: on a busy machine every other process would go
        # before a patient's.
        "RAY_worker_niceness": "0",
        # Serve's controller asks for nodes and resources in every round, ten a second by default:
        # with what answers it some 7 % of a core of a box that stands still.
        "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "0.25",
        "RAY_SERVE_LOG_TO_STDERR": "0",
        "RAY_COLOR_PREFIX": "0",
        "RAY_DEDUP_LOGS": "0",
        "PROMETHEUS_MULTIPROC_DIR": str(settings.metrics_dir),
        "OPENVINO_TELEMETRY": "0",
        "DO_NOT_TRACK": "1",
    }


def _where_ray_listens(settings: RaySettings) -> dict[str, str]:
    if settings.listen is None:
        # Without this Ray replaces 127.0.0.1 by the host's address and listens everywhere.
        return {_LOOPBACK_ONLY: "0"}
    return {"RAY_GCS_SERVER_PORT": str(settings.port)}


def ray_temp_dir(state_dir: Path) -> Path:
    """Where Ray keeps its session: in the state directory unless its socket paths get too long."""
    inside = state_dir / "ray"
    if len(str(inside)) + len(_LONGEST_RAY_SOCKET) <= UNIX_SOCKET_PATH_MAX:
        return inside
    digest = hashlib.sha256(str(state_dir).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"aibox-{os.getuid()}-{digest}"


def make_private(folder: Path) -> Path:
    """The folder, made if need be, open to its owner alone; refuses one that is another's."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user")
    folder.chmod(0o700)
    return folder


def forget_old_sessions(temp_dir: Path, keep: int = 1) -> None:
    """Removes Ray's sessions of earlier starts but the newest, which may tell why it ended."""
    sessions = sorted(path for path in temp_dir.glob("session_2*") if path.is_dir())
    for path in sessions[: max(0, len(sessions) - keep)]:
        shutil.rmtree(path, ignore_errors=True)


def _token_file(state_dir: Path) -> Path:
    path = make_private(state_dir) / "ray.token"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
    return path
