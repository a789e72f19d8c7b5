"""The server around the services: health, reflection, hostile bytes, addresses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from inference import grpc_service_pb2 as pb
from inference import grpc_service_pb2_grpc as pb_grpc

from serving.domain.inference import InferenceBackend
from serving.rpc.inference_service import inference_service
from serving.rpc.readiness import Readiness
from serving.rpc.server import BoxServer, build_server
from serving.rpc.settings import GrpcSettings
from tests.unit.rpc.numpy_backend import NumpyBackend

INFER = "/inference.GRPCInferenceService/ModelInfer"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def built(
    backend: InferenceBackend, settings: GrpcSettings, socket: Path | None = None
) -> BoxServer:
    readiness = Readiness()
    service = inference_service(backend, settings, readiness, box_version="test")
    return build_server(settings, [service], readiness, node_socket=socket)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[BoxServer]:
    running = built(NumpyBackend(), GrpcSettings(port=0, grace_s=0.5), tmp_path / "n.sock")
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def channel(server: BoxServer) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(server.address) as opened:
        yield opened


async def test_health_follows_the_replica(server: BoxServer, channel: grpc.aio.Channel) -> None:
    health = health_pb2_grpc.HealthStub(channel)
    inference = health_pb2.HealthCheckRequest(service="inference.GRPCInferenceService")
    stub = pb_grpc.GRPCInferenceServiceStub(channel)
    assert (await health.Check(health_pb2.HealthCheckRequest())).status == NOT_SERVING
    assert not (await stub.ServerReady(pb.ServerReadyRequest())).ready
    assert (await stub.ServerLive(pb.ServerLiveRequest())).live
    await server.set_serving(True)
    assert (await health.Check(inference)).status == SERVING
    assert (await stub.ServerReady(pb.ServerReadyRequest())).ready


async def test_health_watch_sees_the_change(server: BoxServer, channel: grpc.aio.Channel) -> None:
    watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
    assert (await watch.read()).status == NOT_SERVING
    await server.set_serving(True)
    assert (await watch.read()).status == SERVING
    watch.cancel()


async def test_health_of_an_unknown_service(channel: grpc.aio.Channel) -> None:
    health = health_pb2_grpc.HealthStub(channel)
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await health.Check(health_pb2.HealthCheckRequest(service="nowhere"))
    assert failure.value.code() is grpc.StatusCode.NOT_FOUND


async def test_reflection_lists_the_services(channel: grpc.aio.Channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    answers = [a async for a in stub.ServerReflectionInfo(iter([request]))]
    names = {service.name for service in answers[0].list_services_response.service}
    assert {"inference.GRPCInferenceService", "grpc.health.v1.Health"} <= names


async def test_the_nodes_socket_answers(server: BoxServer, tmp_path: Path) -> None:
    async with grpc.aio.insecure_channel(f"unix:{tmp_path / 'n.sock'}") as channel:
        live = await pb_grpc.GRPCInferenceServiceStub(channel).ServerLive(pb.ServerLiveRequest())
    assert live.live


@pytest.mark.parametrize(
    "data", [b"\xff" * 12, b"\x3a\xff\xff\xff\xff\x0f", b"\x3a\x05ab", b"\x0b"]
)
async def test_hostile_bytes_are_refused(channel: grpc.aio.Channel, data: bytes) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await channel.unary_unary(INFER)(data)
    assert failure.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_hostile_bytes_to_a_plain_method(channel: grpc.aio.Channel) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await channel.unary_unary("/inference.GRPCInferenceService/ModelMetadata")(b"\x0a\x7f")
    assert failure.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_hostile_bytes_in_a_stream_end_no_other_request(channel: grpc.aio.Channel) -> None:
    good = pb.ModelInferRequest(model_name="identity_int8", id="good")
    good.inputs.add(name="IN", datatype="INT8", shape=[3])
    good.raw_input_contents.append(b"abc")
    call = channel.stream_stream("/inference.GRPCInferenceService/ModelStreamInfer")
    answers = [
        pb.ModelStreamInferResponse.FromString(data)
        async for data in call(iter([b"\xff" * 12, good.SerializeToString()]))
    ]
    assert "ModelInferRequest" in answers[0].error_message
    assert answers[0].infer_response.parameters["status"].string_param == "INVALID_ARGUMENT"
    assert answers[1].infer_response.raw_output_contents[0] == b"abc"


async def test_the_request_id_comes_back(channel: grpc.aio.Channel) -> None:
    call = pb_grpc.GRPCInferenceServiceStub(channel).ServerLive(
        pb.ServerLiveRequest(), metadata=(("x-request-id", "r-17"),)
    )
    await call
    assert ("x-request-id", "r-17") in tuple(await call.trailing_metadata())
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await channel.unary_unary(INFER)(b"\x0b", metadata=(("x-request-id", "r-18"),))
    assert ("x-request-id", "r-18") in tuple(failure.value.trailing_metadata())


async def test_the_calls_own_deadline_reaches_the_backend() -> None:
    backend = NumpyBackend()
    running = built(backend, GrpcSettings(port=0, grace_s=0.5))
    await running.start()
    request = pb.ModelInferRequest(model_name="identity_int8")
    request.inputs.add(name="IN", datatype="INT8", shape=[0])
    request.raw_input_contents.append(b"")
    async with grpc.aio.insecure_channel(running.address) as channel:
        stub = pb_grpc.GRPCInferenceServiceStub(channel)
        await stub.ModelInfer(request, timeout=30)
        await stub.ModelInfer(request)
    await running.stop()
    with_deadline, without = (request.deadline_s for request in backend.seen)
    assert with_deadline is not None
    assert without is None


async def test_too_many_bytes_in_flight_are_refused(tmp_path: Path) -> None:
    settings = GrpcSettings(port=0, grace_s=0.5, max_inflight_bytes=1 << 20)
    running = built(NumpyBackend(), settings)
    await running.start()
    request = pb.ModelInferRequest(model_name="slow")
    request.inputs.add(name="IN", datatype="FP32", shape=[1 << 18])
    request.raw_input_contents.append(bytes(1 << 20))
    async with grpc.aio.insecure_channel(running.address) as channel:
        stub = pb_grpc.GRPCInferenceServiceStub(channel)
        first, second = stub.ModelInfer(request), stub.ModelInfer(request)
        codes = sorted([(await first.code()).name, (await second.code()).name])
    await running.stop()
    assert codes == ["OK", "RESOURCE_EXHAUSTED"]


async def test_an_address_in_use_elsewhere_is_an_error(server: BoxServer) -> None:
    with pytest.raises(OSError, match="cannot be bound"):
        built(NumpyBackend(), GrpcSettings(host="192.0.2.1", port=1))


async def test_a_socket_path_too_long_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="shorter state directory"):
        built(NumpyBackend(), GrpcSettings(port=0), tmp_path / ("x" * 120))


async def test_stopping_lets_calls_in_flight_finish() -> None:
    running = built(NumpyBackend(), GrpcSettings(port=0, grace_s=5))
    await running.start()
    request = pb.ModelInferRequest(model_name="slow")
    request.inputs.add(name="IN", datatype="FP32", shape=[1])
    request.raw_input_contents.append(bytes(4))
    async with grpc.aio.insecure_channel(running.address) as channel:
        stub = pb_grpc.GRPCInferenceServiceStub(channel)
        await stub.ServerLive(pb.ServerLiveRequest())
        call = asyncio.ensure_future(_code(stub.ModelInfer(request)))
        await asyncio.sleep(0.05)
        stopping = asyncio.ensure_future(running.stop())
        await asyncio.sleep(0.02)
        late = await _code(stub.ModelInfer(request))
        assert await call is grpc.StatusCode.OK
        await stopping
    assert late is grpc.StatusCode.UNAVAILABLE
    assert not running.serving


async def _code(call: grpc.aio.UnaryUnaryCall[object, object]) -> grpc.StatusCode:
    return await call.code()


async def test_a_client_that_leaves_cancels_its_request() -> None:
    backend = NumpyBackend()
    running = built(backend, GrpcSettings(port=0, grace_s=0.5))
    await running.start()
    request = pb.ModelInferRequest(model_name="slow")
    request.inputs.add(name="IN", datatype="FP32", shape=[1])
    request.raw_input_contents.append(bytes(4))
    async with grpc.aio.insecure_channel(running.address) as channel:
        call = pb_grpc.GRPCInferenceServiceStub(channel).ModelInfer(request)
        await asyncio.sleep(0.1)
        assert backend.queue_length() == 1
        call.cancel()
        await asyncio.sleep(0.05)
        assert backend.queue_length() == 0
    await running.stop()


async def test_two_servers_share_one_port() -> None:
    first = built(NumpyBackend(), GrpcSettings(port=0, grace_s=0.5))
    port = int(first.address.rpartition(":")[2])
    second = built(NumpyBackend(), GrpcSettings(port=port, grace_s=0.5))
    assert second.address == first.address
    for running in (first, second):
        await running.start()
    for running in (first, second):
        await running.stop()
