"""A node's host without Ray: real engine, real model, real gRPC on a free port."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import numpy as np
import pytest
from aibox.v1 import control_pb2, control_pb2_grpc

from appliance.client import AiboxClient
from appliance.client.replicas import LocalReplicas
from loadtests.box import free_port
from serving.domain.errors import IllegalTransition, ModelNotFound
from serving.domain.lane import Lane
from serving.domain.model_set import ModelSet, write_model_set
from serving.engine.catalog import find_numbered
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
    status, manifest = await node.describe(MODEL)
    assert (status.effective_precision, manifest.name) == ("f32", MODEL)
    with pytest.raises(ModelNotFound):
        await node.describe("nobody")


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


async def test_the_set_is_switched_over_the_replicas_own_socket(
    host: tuple[NodeHost, ServingSettings],
) -> None:
    node, settings = host
    replicas = LocalReplicas(settings.run_dir, lambda: [0])
    pin = find_numbered((REPOSITORY,), MODEL, 1).pin
    after = ModelSet(generation=1, versions=(pin,), labels={MODEL: {"stable": 1}})

    def switch() -> None:
        assert replicas.generations() == (0,)
        replicas.prepare(after)
        with pytest.raises(IllegalTransition):
            replicas.activate(1)  # not committed yet
        write_model_set(settings.model_set_file, after)
        replicas.activate(1)
        replicas.discard(1)
        assert replicas.generations() == (1,)

    await asyncio.to_thread(switch)
    assert [status.name for status in node.engine.statuses()] == [MODEL]
    report = json.loads((settings.run_dir / "node-0.json").read_text())
    assert report["generation"] == 1
    assert [model["name"] for model in report["models"]] == [MODEL]


async def test_a_replica_finds_a_committed_set_by_itself(
    host: tuple[NodeHost, ServingSettings],
) -> None:
    node, settings = host
    pin = find_numbered((REPOSITORY,), MODEL, 1).pin
    after = ModelSet(generation=7, versions=(pin,), labels={MODEL: {"stable": 1}})
    write_model_set(settings.model_set_file, after)
    await node.check_health()
    assert node.served.generation == 7


async def test_the_control_service_answers_on_no_network_address(
    host: tuple[NodeHost, ServingSettings],
) -> None:
    _, settings = host

    def call() -> grpc.StatusCode:
        with grpc.insecure_channel(f"127.0.0.1:{settings.grpc.port}") as channel:
            stub = control_pb2_grpc.ControlServiceStub(channel)
            with pytest.raises(grpc.RpcError) as caught:
                stub.State(control_pb2.StateRequest(), timeout=5)
        return caught.value.code()

    assert await asyncio.to_thread(call) is grpc.StatusCode.PERMISSION_DENIED
