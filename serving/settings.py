"""The settings of the engine room: one submodel per package, put together here."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from serving.access.settings import AccessSettings
from serving.audit.settings import AuditSettings
from serving.dicom.settings import DicomSettings
from serving.domain.model_set import MODEL_SET_NAME
from serving.engine.settings import EngineSettings
from serving.jobs.settings import JobSettings
from serving.logs import LogSettings
from serving.pipelines.settings import PipelineSettings
from serving.radiomics.job.settings import RadiomicsSettings
from serving.ray_settings import RaySettings
from serving.rpc.settings import GrpcSettings


class ServingSettings(BaseModel):
    """Everything that the Ray driver and its replicas need to know; handed down as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state_dir: Path
    box_version: str
    access: AccessSettings = Field(default_factory=AccessSettings)
    audit: AuditSettings = Field(default_factory=AuditSettings)
    engine: EngineSettings = Field(default_factory=EngineSettings)
    grpc: GrpcSettings = Field(default_factory=GrpcSettings)
    jobs: JobSettings = Field(default_factory=JobSettings)
    dicom: DicomSettings = Field(default_factory=DicomSettings)
    pipelines: PipelineSettings = Field(default_factory=PipelineSettings)
    radiomics: RadiomicsSettings = Field(default_factory=RadiomicsSettings)
    ray: RaySettings = Field(default_factory=RaySettings)
    log: LogSettings = Field(default_factory=LogSettings)

    @property
    def run_dir(self) -> Path:
        """Locks, sockets and reports of the running processes."""
        return self.state_dir / "run"

    @property
    def log_dir(self) -> Path:
        return self.state_dir / "logs"

    @property
    def cache_dir(self) -> Path:
        """OpenVINO's compiled models."""
        return self.state_dir / "cache"

    @property
    def metrics_dir(self) -> Path:
        """Counters of the replicas, one file a process, read by the admin server."""
        return self.run_dir / "metrics"

    @property
    def stacks_dir(self) -> Path:
        """Slices on their way between the analyzer and a model server; pixels without names."""
        return self.run_dir / "stacks"

    @property
    def spool_dir(self) -> Path:
        return self.state_dir / "spool"

    @property
    def results_dir(self) -> Path:
        return self.state_dir / "results"

    @property
    def trained_models_dir(self) -> Path:
        """Models that this box was given or has trained itself: `<name>/<version>/`."""
        return self.state_dir / "models"

    @property
    def model_set_file(self) -> Path:
        """What every replica serves; replaced whole at each switch."""
        return self.state_dir / MODEL_SET_NAME

    @property
    def audit_dir(self) -> Path:
        return self.state_dir / "audit"

    @property
    def admin_socket(self) -> Path:
        """Where the admin API answers the box's own processes."""
        return self.run_dir / "admin.sock"

    @property
    def tokens_file(self) -> Path:
        return self.state_dir / "tokens.json"

    @property
    def jobs_db(self) -> Path:
        return self.state_dir / "jobs.sqlite"
