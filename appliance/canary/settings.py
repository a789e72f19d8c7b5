"""Settings of canaries: `[canary]` and `[canary.rule]`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CanaryRule(_Part):
    """When the box rolls a canary back, or promotes it, by itself; off unless enabled."""

    enabled: bool = False
    automatic_promotion: bool = False
    """Promote a canary that keeps every bound; else only roll back one that breaks one."""
    min_studies: int = Field(default=20, ge=1)
    """Nothing is decided before so many studies were compared."""
    max_error_rate_increase: float = Field(default=0.02, ge=0, le=1)
    """Failures a study, the candidate's over the stable release's."""
    max_latency_ratio: float = Field(default=1.5, gt=0)
    """Median seconds of the candidate over those of the stable release."""
    min_dice: float = Field(default=0.8, ge=0, le=1)
    """Of the median study."""
    max_severity_change_rate: float = Field(default=0.1, ge=0, le=1)
    """Studies whose severity score changes, of all that were compared."""


class CanarySettings(_Part):
    """How releases that are tried are compared with the stable one."""

    compare: bool = True
    """Compare findings; else only latency and errors are kept."""
    collect_s: float = Field(default=5.0, gt=0)
    """Seconds between two looks for pairs that are done."""
    keep_days: float = Field(default=180.0, gt=0)
    """How long what was compared is kept; it holds no patient data."""
    rule: CanaryRule = Field(default_factory=CanaryRule)
