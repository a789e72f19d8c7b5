"""The gRPC side and the real engine together: tritonclient, lanes, overload."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from inference import grpc_service_pb2 as pb
from inference import grpc_service_pb2_grpc as pb_grpc

from tests.integration.rpc.box_process import ENVIRONMENT, REPO, BoxProcess, start_box
from tests.integration.rpc.serve_engine import QUEUE

SIZE = 500


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoxProcess]:
    running = start_box(tmp_path_factory.mktemp("run"), kind="engine")
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def facts(box: BoxProcess) -> dict[str, Any]:
    script = Path(__file__).with_name("call_engine.py")
    done = subprocess.run(
        [sys.executable, str(script), box.address],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=REPO,
        env=ENVIRONMENT,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def test_every_datatype(facts: dict[str, Any]) -> None:
    assert len(facts["datatypes"]) == 14
    assert all(facts["datatypes"].values()), facts["datatypes"]


def test_several_outputs_and_a_choice_of_them(facts: dict[str, Any]) -> None:
    assert facts["outputs"]["positive"] == [[0, 0.5, 2], [3, 0, 0.25]]
    assert facts["outputs"]["total"] == [1.5, -0.75]
    assert facts["outputs"]["names"] == ["total"]


def test_versions(facts: dict[str, Any]) -> None:
    versions = facts["versions"]
    assert versions["answered"] == ["2", "1"]
    assert versions["known"] == ["1", "2"]
    assert versions["precision"] == "f32"
    assert versions["ready"]


@pytest.mark.parametrize(
    ("case", "status"),
    [
        ("model", "NOT_FOUND"),
        ("version", "NOT_FOUND"),
        ("precision", "NOT_FOUND"),
        ("name", "INVALID_ARGUMENT"),
        ("shape", "INVALID_ARGUMENT"),
        ("datatype", "INVALID_ARGUMENT"),
        ("output", "INVALID_ARGUMENT"),
        ("timeout", "DEADLINE_EXCEEDED"),
    ],
)
def test_errors(facts: dict[str, Any], case: str, status: str) -> None:
    assert facts["errors"][case][0] == f"StatusCode.{status}", facts["errors"][case]


def test_statistics(facts: dict[str, Any]) -> None:
    statistics = facts["statistics"]
    assert statistics["executions"] == statistics["success"] == 2
    assert statistics["infer_ns"] > 0


def slow_request(priority: int = 0) -> pb.ModelInferRequest:
    request = pb.ModelInferRequest(model_name="slow")
    request.inputs.add(name="x", datatype="FP32", shape=[SIZE, SIZE])
    request.raw_input_contents.append(bytes(SIZE * SIZE * 4))
    if priority:
        request.parameters["priority"].uint64_param = priority
    return request


async def outcome(stub: Any, request: pb.ModelInferRequest) -> tuple[str, float]:
    """Status and when it came."""
    try:
        await stub.ModelInfer(request)
    except grpc.aio.AioRpcError as error:
        return error.code().name, time.monotonic()
    return "OK", time.monotonic()


async def test_over_the_bound_is_refused_and_stat_overtakes(box: BoxProcess) -> None:
    async with grpc.aio.insecure_channel(box.address) as channel:
        stub = pb_grpc.GRPCInferenceServiceStub(channel)
        routine = [asyncio.ensure_future(outcome(stub, slow_request())) for _ in range(20)]
        await asyncio.sleep(0.05)
        assert sum(call.done() for call in routine) < 10
        stat = await outcome(stub, slow_request(priority=1))
        behind = [code for code, at in await asyncio.gather(*routine) if at > stat[1]]
        flood = await asyncio.gather(*(outcome(stub, slow_request()) for _ in range(QUEUE * 3)))
    assert stat[0] == "OK"
    assert len(behind) >= 10
    codes = [code for code, _ in flood]
    assert set(codes) == {"OK", "RESOURCE_EXHAUSTED"}
    assert codes.count("OK") >= QUEUE
