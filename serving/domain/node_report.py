"""What each replica says of itself in `run/node-<n>.json`, for `aibox status`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServedModel(_Part):
    """One model version as really compiled."""

    name: str
    version: int
    digest: str
    precision: str
    effective_precision: str
    streams: int
    threads: int
    loaded_from_cache: bool


class NodeReport(_Part):
    """A replica on its node."""

    node: int
    pid: int
    cpus: tuple[int, ...]
    memory_policy: str
    """What was set, or why it could not be."""
    address: str
    generation: int = 0
    """Of the model set that it serves; 0: every version found."""
    models: tuple[ServedModel, ...]
