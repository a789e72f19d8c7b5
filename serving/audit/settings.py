"""Settings of the audit log: `[audit]`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

MIB = 2**20


class AuditSettings(BaseModel):
    """Lines are never removed; a full file is set aside and the next one goes on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    segment_max_mb: float = Field(default=64.0, gt=0)
    """MiB after which a new file begins."""

    @property
    def segment_max_bytes(self) -> int:
        return int(self.segment_max_mb * MIB)
