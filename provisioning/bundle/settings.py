"""What a box takes in from others."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class TrustSettings(BaseModel):
    """Section `trust` of `aibox.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allow_unsigned: bool = False
    """Take in bundles that are unsigned or signed by an unknown key; a revoked key stays out."""
    max_gb: Annotated[float, Field(gt=0, le=1024)] = 16.0
    """Of all files in one bundle, in GiB."""

    @property
    def max_bytes(self) -> int:
        return int(self.max_gb * 2**30)
