"""Settings of the durable jobs: `[jobs]`, `[jobs.intake]` and `[jobs.retention]`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

GIB = 1024**3


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IntakeSettings(_Part):
    """What one study may be, and what all incoming studies together may take of the disk."""

    max_instances: int = Field(default=5000, ge=1)
    max_instance_bytes: int = Field(default=2 * GIB, ge=1)
    max_study_bytes: int = Field(default=8 * GIB, ge=1)
    max_job_files: int = Field(default=500_000, ge=1)
    """Files that one radiomics job may bring."""
    max_job_bytes: int = Field(default=40 * GIB, ge=1)
    """Bytes of all files of one radiomics job."""
    max_waiting_twins: int = Field(default=20, ge=0)
    """Hidden twins of studies that wait at most; a study that comes then has none."""
    spool_max_gb: float = Field(default=50.0, gt=0)
    """GiB of all spooled studies."""
    min_free_disk_gb: float = Field(default=2.0, ge=0)
    """GiB that the intake always leaves free on the disk of the spool."""


class RetentionSettings(_Part):
    """How long patient data stays. Spooled images go as soon as their results exist."""

    retention_days: float = Field(default=30.0, gt=0)
    """Final jobs and their results are forgotten after this."""
    failed_spool_days: float = Field(default=7.0, ge=0)
    """Images of a FAILED job stay this long, so that somebody can find out why."""
    keep_spool: bool = False
    """Keep the images of DONE jobs as long as their results."""
    results_max_gb: float = Field(default=20.0, gt=0)
    """GiB of all results; the oldest final jobs go first."""
    sweep_s: float = Field(default=60.0, gt=0)


class JobSettings(_Part):
    """Leases, retries and limits. A lease must outlive several heartbeats."""

    lease_s: float = Field(default=10.0, gt=0)
    heartbeat_s: float = Field(default=2.0, gt=0)
    progress_s: float = Field(default=0.5, gt=0)
    """At most this often is progress written and a wish to cancel looked for."""
    poll_s: float = Field(default=0.2, gt=0)
    concurrency: int = Field(default=2, ge=1)
    """Studies analysed at the same time, of any lane."""
    stat_concurrency: int = Field(default=1, ge=0)
    """Places on top of `concurrency` that only STAT studies may take."""
    twin_concurrency: int = Field(default=1, ge=0)
    """Hidden twins of studies analysed at the same time, on places of their own."""
    max_attempts: int = Field(default=5, ge=1)
    """A job during which the worker died this often is FAILED."""
    max_setbacks: int = Field(default=20, ge=1)
    """A job that met a missing model server this often is FAILED (some ten minutes)."""
    backoff_first_s: float = Field(default=0.5, gt=0)
    backoff_max_s: float = Field(default=30.0, gt=0)
    stop_grace_s: float = Field(default=8.0, ge=0)
    """How long a stopping worker waits for its pipelines before it hands their jobs back."""
    intake: IntakeSettings = Field(default_factory=IntakeSettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)

    @model_validator(mode="after")
    def _lease_outlives_heartbeats(self) -> JobSettings:
        if self.lease_s < 2 * self.heartbeat_s:
            raise ValueError("lease_s must be at least twice heartbeat_s")
        return self
