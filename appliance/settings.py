"""The settings of the whole box: one submodel for each part, frozen, unknown keys refused."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from appliance.canary.settings import CanarySettings
from appliance.registry.settings import RegistrySettings
from provisioning.bundle.settings import TrustSettings
from serving.access.settings import AccessSettings
from serving.audit.settings import AuditSettings
from serving.dicom.settings import DicomSettings
from serving.engine.settings import EngineSettings
from serving.jobs.settings import JobSettings
from serving.logs import LogSettings
from serving.pipelines.settings import PipelineSettings
from serving.radiomics.job.settings import RadiomicsSettings
from serving.ray_settings import RaySettings
from serving.rpc.settings import GrpcSettings
from serving.rpc.tls_settings import KeyPairSettings

ENV_PREFIX = "AIBOX__"
ENV_DELIMITER = "__"


class AdminSettings(BaseModel):
    """Where metrics, health and the admin API are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8002
    tls: KeyPairSettings | None = None
    """Left out, the port speaks in the clear, which only a loopback address may."""


class Settings(BaseSettings):
    """`aibox.toml` and the environment, merged; the environment (`AIBOX__GRPC__PORT=...`) wins."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_nested_delimiter=ENV_DELIMITER,
    )

    engine: EngineSettings = Field(default_factory=EngineSettings)
    grpc: GrpcSettings = Field(default_factory=GrpcSettings)
    jobs: JobSettings = Field(default_factory=JobSettings)
    dicom: DicomSettings = Field(default_factory=DicomSettings)
    pipelines: PipelineSettings = Field(default_factory=PipelineSettings)
    radiomics: RadiomicsSettings = Field(default_factory=RadiomicsSettings)
    ray: RaySettings = Field(default_factory=RaySettings)
    admin: AdminSettings = Field(default_factory=AdminSettings)
    access: AccessSettings = Field(default_factory=AccessSettings)
    audit: AuditSettings = Field(default_factory=AuditSettings)
    registry: RegistrySettings = Field(default_factory=RegistrySettings)
    canary: CanarySettings = Field(default_factory=CanarySettings)
    trust: TrustSettings = Field(default_factory=TrustSettings)
    log: LogSettings = Field(default_factory=LogSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes before the file, whose content is given to the constructor."""
        return env_settings, init_settings
