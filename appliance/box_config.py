"""Settings and state directory of one box, and what they mean to its engine room."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import serving
from appliance.errors import ConfigurationError
from appliance.ports import require_loopback
from appliance.settings import Settings
from appliance.settings_file import load_settings
from appliance.state_dir import StateDir
from appliance.version import box_version
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
        radiomics=chosen.radiomics,
        ray=chosen.ray,
        log=chosen.log,
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


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
