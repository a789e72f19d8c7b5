"""What an operator can set of the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1)]
CpuId = Annotated[int, Field(ge=0)]
GIB = 1024**3


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NodeSettings(_Part):
    """One node by hand: its CPUs, and how they are shared out (None: the plan decides)."""

    cpus: Annotated[tuple[CpuId, ...], Field(min_length=1)]
    streams: Count | None = None
    threads_per_stream: Count | None = None


class EngineSettings(_Part):
    """The engine's settings; what is None is decided from the machine."""

    nodes: tuple[NodeSettings, ...] | None = None
    """None: one node for each NUMA node of the machine."""
    streams: Count | None = None
    """Inferences at a time, a node."""
    threads_per_stream: Count | None = None
    reserved_cpus: Annotated[int, Field(ge=0)] | None = None
    """CPUs of each node that inference leaves to gRPC and everything else."""
    batch_cpus: tuple[CpuId, ...] | None = None
    """CPUs for batch work alone; None: batch work takes what is idle anywhere (SCHED_IDLE)."""
    max_queue_requests: Count = 256
    max_queue_bytes: Count = 2 * GIB
    compile_cache: bool = True
    repositories: tuple[Path, ...] = ()
    """Folders of `<model>/<int version>/model.toml`; the first to hold a version wins."""
    max_retired_gb: Annotated[float, Field(ge=0)] = 2.0
    """GiB a node for versions that serve no longer and are kept for a rollback."""
    precisions: dict[str, str] = Field(default_factory=dict)
    """Model name to the variant served by default, in place of the manifest's own choice."""
