"""Settings and state directory of one box, and what they mean to its engine room."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import serving
from appliance.errors import ConfigurationError
from appliance.exposure import check_exposure
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

    @property
    def admin_url(self) -> str:
        scheme = "http" if self.settings.admin.tls is None else "https"
        return f"{scheme}://{self.admin_address}"


def load_config(config: Path | None = None, state: Path | None = None) -> BoxConfig:
    """Reads and checks all settings; touches nothing. Raises ConfigurationError."""
    settings = load_settings(config)
    check_exposure(settings)
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
        access=chosen.access,
        audit=chosen.audit,
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
    """Model folders: the product's, then what the box imported."""
    return (*product_repositories(config), config.state.models)


def product_repositories(config: BoxConfig) -> tuple[Path, ...]:
    """Those of the settings, or the models that come with the product."""
    chosen = config.settings.engine.repositories or (product_models(),)
    return tuple(path.resolve() for path in chosen)


def product_models() -> Path:
    """The models that come with the product: in the wheel's data, or in the checkout."""
    package = Path(serving.__file__).resolve().parent
    packaged = package / "_models"
    return packaged if packaged.is_dir() else package.parent / "model_repo"


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
