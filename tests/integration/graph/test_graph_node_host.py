"""A node's host without Ray: real engine, real model, real gRPC on a free port."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from appliance.client import AiboxClient
from loadtests.box import free_port
from serving.domain.errors import ModelNotFound
from serving.domain.lane import Lane
from serving.engine.settings import EngineSettings
from serving.graph.node_host import NodeHost
from serving.graph.stack_task import StackTask
from serving.rpc.settings import GrpcSettings
from serving.settings import ServingSettings

MODEL = "nested_unet_covid"
REPOSITORY = Path(__file__).parents[3] / "model_repo"


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[tuple[NodeHost, ServingSettings]]:
    settings = ServingSettings(
        state_dir=tmp_path,
        box_version="1",
        engine=EngineSettings(repositories=(REPOSITORY,)),
        grpc=GrpcSettings(port=free_port()),
    )
    started = await NodeHost.start(settings)
    yield started, settings
    await started.stop()


async def test_a_stack_is_answered_slice_by_slice(
    host: tuple[NodeHost, ServingSettings], tmp_path: Path
) -> None:
    node, _ = host
    slices = np.full((3, 256, 256), -850, np.int16)
    slices[1, 100:140, 100:140] = -400
    np.save(tmp_path / "in.npy", slices)
    task = StackTask(MODEL, tmp_path / "in.npy", tmp_path / "out.npy", Lane.BATCH)
    done = [count async for count in node.predict_stack(task)]
    probabilities = np.load(tmp_path / "out.npy")
    assert done[-1] == 3
    assert probabilities.dtype == np.float32
    np.testing.assert_array_equal(probabilities[0], probabilities[2])
    assert not np.array_equal(probabilities[0], probabilities[1])


async def test_it_says_who_it_is_and_is_healthy(host: tuple[NodeHost, ServingSettings]) -> None:
    node, settings = host
    await node.check_health()
    report = json.loads((settings.run_dir / "node-0.json").read_text())
    assert MODEL in [model["name"] for model in report["models"]]
    status, manifest = node.describe(MODEL)
    assert (status.effective_precision, manifest.name) == ("f32", MODEL)
    with pytest.raises(ModelNotFound):
        node.describe("nobody")


async def test_the_port_answers_the_shipped_client(
    host: tuple[NodeHost, ServingSettings],
) -> None:
    _, settings = host
    x = np.full((1, 1, 256, 256), -850, np.int16)

    def call() -> np.ndarray:
        with AiboxClient(f"127.0.0.1:{settings.grpc.port}") as client:
            return client.infer(MODEL, {"hu": x}, priority="stat")["probability"]

    answer = await asyncio.to_thread(call)
    assert answer.shape == x.shape
