"""The one place where the parts of the box are put together."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from appliance.admin.app import build_app
from appliance.admin.job_counts import JobCounts
from appliance.admin.server import AdminServer
from appliance.box_config import BoxConfig, serving_settings
from appliance.box_state import BoxReport, BoxState
from appliance.driver_process import driver_command
from appliance.ports import listen, require_free
from appliance.state_dir import StateDir
from appliance.supervisor import Supervisor
from serving.jobs.store import JobStore
from serving.settings import ServingSettings


@dataclass(frozen=True, slots=True)
class Box:
    """A box ready to run: its supervisor and its admin server."""

    supervisor: Supervisor
    admin: AdminServer


def build_box(config: BoxConfig) -> Box:
    """Puts the box together; the caller holds the lock of the prepared state directory.

    The admin port is taken here and kept, the gRPC port is checked before every start of the
    driver. Raises AddressTaken.
    """
    admin_socket = listen(config.settings.admin.host, config.settings.admin.port)
    try:
        return _build(config, admin_socket)
    except BaseException:
        admin_socket.close()
        raise


def _build(config: BoxConfig, admin_socket: socket.socket) -> Box:
    state = config.state
    serving_config = serving_settings(config)
    _write_settings(state, serving_config)
    jobs = JobCounts(JobStore(serving_config.jobs_db).counts)
    min_free_disk_gb = config.settings.jobs.intake.min_free_disk_gb
    box = BoxState(state.supervisor, BoxReport.new(config.grpc_address, config.admin_address))
    host, port = config.settings.grpc.host, config.settings.grpc.port
    supervisor = Supervisor(state, box, driver_command(state), lambda: require_free(host, port))
    app = build_app(state, box, jobs, min_free_disk_gb)
    return Box(supervisor, AdminServer(app, admin_socket))


def _write_settings(state: StateDir, settings: ServingSettings) -> None:
    state.settings.touch(mode=0o600)
    state.settings.chmod(0o600)
    state.settings.write_text(settings.model_dump_json(), "utf-8")
