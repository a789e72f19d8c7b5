"""Two replicas with a board and sockets: load is shared, and a dead sibling costs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from inference import grpc_service_pb2 as pb
from inference import grpc_service_pb2_grpc as pb_grpc

from tests.integration.rpc.box_process import BoxProcess, start_box

HOP = (("x-aibox-hop", "1"),)


@pytest.fixture
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("r")


@pytest.fixture
def boxes(run_dir: Path) -> Iterator[list[BoxProcess]]:
    running = [start_box(run_dir, node, 2) for node in range(2)]
    yield running
    for box in running:
        if box.process.poll() is None:
            box.stop()


def slow_request() -> pb.ModelInferRequest:
    request = pb.ModelInferRequest(model_name="slow", id="s")
    request.inputs.add(name="IN", datatype="FP32", shape=[2])
    request.raw_input_contents.append(b"\0\0\x80\x3f" * 2)
    return request


async def count_slow(box: BoxProcess, metadata: tuple[tuple[str, str], ...] = ()) -> int:
    async with grpc.aio.insecure_channel(box.address) as channel:
        stub = pb_grpc.GRPCInferenceServiceStub(channel)
        answer = await stub.ModelStatistics(
            pb.ModelStatisticsRequest(name="slow"), metadata=metadata
        )
    return int(answer.model_stats[0].inference_count)


async def test_eight_requests_on_one_connection_reach_both(boxes: list[BoxProcess]) -> None:
    async with grpc.aio.insecure_channel(boxes[0].address) as channel:
        stub = pb_grpc.GRPCInferenceServiceStub(channel)
        answers = await asyncio.gather(*(stub.ModelInfer(slow_request()) for _ in range(8)))
    assert all(a.raw_output_contents[0] == b"\0\0\x80\x3f" * 2 for a in answers)
    here, there = [await count_slow(box, HOP) for box in boxes]
    assert here + there == 8
    assert min(here, there) >= 2


async def test_statistics_add_up_over_siblings(boxes: list[BoxProcess]) -> None:
    for box in boxes:
        async with grpc.aio.insecure_channel(box.address) as channel:
            await pb_grpc.GRPCInferenceServiceStub(channel).ModelInfer(slow_request())
    assert [await count_slow(box) for box in boxes] == [2, 2]
    assert [await count_slow(box, HOP) for box in boxes] == [1, 1]


async def test_a_marked_request_is_not_forwarded_again(boxes: list[BoxProcess]) -> None:
    async with grpc.aio.insecure_channel(boxes[0].address) as channel:
        stub = pb_grpc.GRPCInferenceServiceStub(channel)
        calls = (stub.ModelInfer(slow_request(), metadata=HOP) for _ in range(4))
        await asyncio.gather(*calls)
    assert [await count_slow(box, HOP) for box in boxes] == [4, 0]


async def test_streamed_requests_are_shared_too(boxes: list[BoxProcess]) -> None:
    async with grpc.aio.insecure_channel(boxes[0].address) as channel:
        stub = pb_grpc.GRPCInferenceServiceStub(channel)
        requests = [slow_request() for _ in range(6)]
        answers = [answer async for answer in stub.ModelStreamInfer(iter(requests))]
    assert [a.infer_response.id for a in answers] == ["s"] * 6
    assert not any(a.error_message for a in answers)
    assert await count_slow(boxes[1], HOP) >= 1


async def test_a_sibling_killed_at_work_loses_no_request(boxes: list[BoxProcess]) -> None:
    async with grpc.aio.insecure_channel(boxes[0].address) as channel:
        stub = pb_grpc.GRPCInferenceServiceStub(channel)
        await stub.ServerLive(pb.ServerLiveRequest())
        calls = [asyncio.ensure_future(_infer(stub)) for _ in range(8)]
        await asyncio.sleep(0.1)
        assert not any(call.done() for call in calls)
        boxes[1].kill()
        assert await asyncio.gather(*calls) == [2] * 8
        again = await asyncio.gather(*(_infer(stub) for _ in range(8)))
    assert again == [2] * 8
    assert await count_slow(boxes[0]) == 16


async def _infer(stub: pb_grpc.GRPCInferenceServiceStub) -> int:
    answer = await stub.ModelInfer(slow_request())
    return int(answer.outputs[0].shape[0])
