"""The one place where the parts of the box are put together."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

import serving
from appliance.admin.app import build_app
from appliance.admin.job_counts import JobCounts
from appliance.admin.server import AdminServer
from appliance.box_state import BoxReport, BoxState
from appliance.driver_process import driver_command
from appliance.errors import ConfigurationError
from appliance.ports import listen, require_free, require_loopback
from appliance.settings import Settings
from appliance.settings_file import load_settings
from appliance.state_dir import StateDir
from appliance.supervisor import Supervisor
from appliance.version import box_version
from serving.jobs.store import JobStore
from serving.settings import ServingSettings


@dataclass(frozen=True, slots=True)
class BoxConfig:
    """Settings and state directory of one box, as every command needs them."""

    settings: Settings
    state: StateDir

    @property
    def grpc_address(self) -> str:
        return _address(self.settings.grpc.host, self.settings.grpc.port)

    @property
    def admin_address(self) -> str:
        return _address(self.settings.admin.host, self.settings.admin.port)


def load_config(config: Path | None = None, state: Path | None = None) -> BoxConfig:
    """Reads and checks all settings; touches nothing. Raises ConfigurationError."""
    settings = load_settings(config)
    require_loopback("grpc.host", settings.grpc.host)
    require_loopback("admin.host", settings.admin.host)
    if settings.grpc.port == 0:
        raise ConfigurationError("the setting grpc.port is 0; a box needs a fixed port, as 8001")
    return BoxConfig(settings, StateDir.locate(state))


def serving_settings(config: BoxConfig) -> ServingSettings:
    """What the driver and its replicas are told."""
    chosen = config.settings
    engine = chosen.engine.model_copy(update={"repositories": repositories(config)})
    return ServingSettings(
        state_dir=config.state.root,
        box_version=box_version(),
        engine=engine,
        grpc=chosen.grpc,
        jobs=chosen.jobs,
        dicom=chosen.dicom,
        pipelines=chosen.pipelines,
    )


def repositories(config: BoxConfig) -> tuple[Path, ...]:
    """Model folders: those of the settings or the product's own, then what the box imported."""
    chosen = config.settings.engine.repositories or (product_models(),)
    return (*(path.resolve() for path in chosen), config.state.models)


def product_models() -> Path:
    """The models that come with the product: in the wheel's data, or in the checkout."""
    package = Path(serving.__file__).resolve().parent
    packaged = package / "_models"
    return packaged if packaged.is_dir() else package.parent / "model_repo"


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


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
