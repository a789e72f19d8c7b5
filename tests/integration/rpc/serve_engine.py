"""A process of its own: the box's gRPC server over the real engine and tiny models."""

from __future__ import annotations

from pathlib import Path

from serving.domain.cpu_plan import NodePlan
from serving.domain.tensor import Datatype
from serving.engine.engine import InferenceEngine
from serving.engine.settings import EngineSettings
from tests.integration.rpc.serve_box import main
from tests.unit.engine import tiny_models

QUEUE = 24
"""Requests that the engine lets wait."""


async def real_engine(run_dir: Path) -> InferenceEngine:
    """OpenVINO over models written into the run folder."""
    repository = run_dir / "repository"
    for datatype in Datatype:
        model = tiny_models.identity([-1, 3], datatype)
        tiny_models.write_version(repository, f"identity_{datatype.value.lower()}", model)
    for version in (1, 2):
        tiny_models.write_version(repository, "relu", tiny_models.relu([2, 3]), version=version)
    tiny_models.write_version(repository, "two", tiny_models.two_outputs())
    tiny_models.write_version(repository, "slow", tiny_models.slow())
    settings = EngineSettings(
        repositories=(repository,), max_queue_requests=QUEUE, compile_cache=False
    )
    engine = InferenceEngine(settings, NodePlan(0, None, (0,), (0,), 1, 1), run_dir / "cache")
    await engine.start()
    return engine


if __name__ == "__main__":
    main(real_engine)
