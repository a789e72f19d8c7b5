"""What a trial is told and what it tells; known to the process that asks for one, too."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from serving.engine.settings import EngineSettings


class TryOrder(BaseModel):
    """A version's folder, and what the replicas would load it with."""

    folder: Path
    engine: EngineSettings
    cache_dir: Path


class Tried(BaseModel):
    """What was found."""

    variant: str
    precision: str
