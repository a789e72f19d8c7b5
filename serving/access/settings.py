"""Section `[access]` of `aibox.toml`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class AccessSettings(BaseModel):
    """Whether callers must show a token. A token that is shown is checked either way."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    required: bool = False
    """Off, calls without a token may do everything: for a box that listens on loopback alone."""
