"""The shared gRPC port with TLS: who gets in, and what a renewed certificate needs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from appliance.client.channel import ChannelOptions, open_channel
from provisioning.certs.make import CertRequest, make_certs
from serving.domain.errors import InvalidRequest
from serving.rpc.readiness import Readiness
from serving.rpc.server import BoxServer, build_server
from serving.rpc.settings import GrpcSettings
from serving.rpc.tls_settings import GrpcTlsSettings
from tests.integration.tls.conftest import Certs

SERVING = health_pb2.HealthCheckResponse.SERVING
REFUSED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
Shown = Callable[..., int]


def settings(certs: Certs, *, mutual: bool = False) -> GrpcSettings:
    server = certs.folder.server
    ca = certs.ca if mutual else None
    tls = GrpcTlsSettings(cert=server.certificate, key=server.key, client_ca=ca)
    return GrpcSettings(port=0, grace_s=0.2, tls=tls)


@asynccontextmanager
async def serving(
    certs: Certs, *, mutual: bool = False, socket: Path | None = None
) -> AsyncIterator[BoxServer]:
    server = build_server(settings(certs, mutual=mutual), [], Readiness(), node_socket=socket)
    await server.start()
    await server.set_serving(True)
    try:
        yield server
    finally:
        await server.stop()


def port_of(server: BoxServer) -> int:
    return int(server.address.rpartition(":")[2])


def as_client(trusted: Certs, of: Certs | None = None, **more: str) -> ChannelOptions:
    pair = of.folder.client("pacs") if of else None
    return ChannelOptions(
        trusted.ca, pair.certificate if pair else None, pair.key if pair else None, **more
    )


async def ask(address: str, options: ChannelOptions | None = None) -> object:
    """The health that a client with these options is told; its status where it gets none."""

    def call() -> object:
        with open_channel(address, options) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            try:
                return stub.Check(health_pb2.HealthCheckRequest(), timeout=3).status
            except grpc.RpcError as error:
                return error.code()

    return await asyncio.to_thread(call)


async def test_a_client_that_trusts_the_authority_gets_in(certs: Certs) -> None:
    async with serving(certs) as server:
        assert await ask(server.address, as_client(certs)) == SERVING
        by_name = f"localhost:{port_of(server)}"
        assert await ask(by_name, as_client(certs)) == SERVING


async def test_a_client_of_another_authority_or_in_the_clear_does_not(
    certs: Certs, other: Certs
) -> None:
    async with serving(certs) as server:
        assert await ask(server.address, as_client(other)) in REFUSED
        assert await ask(server.address) in REFUSED
        assert await ask(server.address, as_client(certs)) == SERVING


async def test_the_name_in_the_certificate_counts(certs: Certs) -> None:
    async with serving(certs) as server:
        wrong = as_client(certs, server_name="other.example")
        assert await ask(server.address, wrong) in REFUSED
        right = as_client(certs, server_name="localhost")
        assert await ask(server.address, right) == SERVING


async def test_mutual_tls_asks_for_a_certificate_of_its_authority(
    certs: Certs, other: Certs
) -> None:
    async with serving(certs, mutual=True) as server:
        assert await ask(server.address, as_client(certs)) in REFUSED
        assert await ask(server.address, as_client(certs, of=other)) in REFUSED
        assert await ask(server.address, as_client(certs, of=certs)) == SERVING


async def test_a_servers_certificate_is_none_for_a_client(certs: Certs) -> None:
    pair = certs.folder.server
    async with serving(certs, mutual=True) as server:
        options = ChannelOptions(certs.ca, pair.certificate, pair.key)
        assert await ask(server.address, options) in REFUSED


async def test_the_socket_of_the_node_stays_in_the_clear(certs: Certs, tmp_path: Path) -> None:
    path = tmp_path / "n.sock"
    async with serving(certs, mutual=True, socket=path):
        assert await ask(f"unix:{path}") == SERVING


@pytest.mark.parametrize("mutual", [False, True])
async def test_a_renewed_certificate_is_shown_without_a_restart(
    certs: Certs, shown: Shown, mutual: bool
) -> None:
    async with serving(certs, mutual=mutual) as server, standing(server, certs) as still_answers:
        before = certs.serial
        look = partial(asyncio.to_thread, shown, port_of(server), certs, client=mutual)
        assert await look() == before
        for _ in range(3):
            certs.renew()
            assert await look() == certs.serial != before
            assert await ask(server.address, as_client(certs, of=certs)) == SERVING
        assert await still_answers() == SERVING


async def test_a_renewed_authority_of_clients_counts_at_once(certs: Certs, other: Certs) -> None:
    async with serving(certs, mutual=True) as server:
        assert await ask(server.address, as_client(certs, of=other)) in REFUSED
        trusted = certs.ca.read_bytes()
        certs.ca.write_bytes(trusted + other.ca.read_bytes())
        assert await ask(server.address, as_client(certs, of=other)) == SERVING
        certs.ca.write_bytes(trusted)
        assert await ask(server.address, as_client(certs, of=other)) in REFUSED


async def test_a_broken_renewal_keeps_the_old_certificate_and_is_told_once(
    certs: Certs, shown: Shown, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(certs) as server:
        before, key = certs.serial, certs.folder.server.key
        good = key.read_bytes()
        with caplog.at_level(logging.ERROR):
            key.write_bytes(b"garbage")
            for _ in range(3):
                assert await asyncio.to_thread(shown, port_of(server), certs) == before
        told = [r.getMessage() for r in caplog.records if r.name.startswith("serving")]
        assert len(told) == 1
        assert "holds no private key" in told[0]
        key.write_bytes(good)
        certs.renew()
        assert await asyncio.to_thread(shown, port_of(server), certs) == certs.serial != before


async def test_an_expired_renewal_is_not_taken(certs: Certs, shown: Shown) -> None:
    async with serving(certs) as server:
        before = certs.serial
        certs.expire()
        assert await asyncio.to_thread(shown, port_of(server), certs) == before


async def test_connections_at_the_moment_of_a_renewal_all_succeed(certs: Certs) -> None:
    async with serving(certs) as server:

        async def renew() -> list[object]:
            for _ in range(10):
                await asyncio.to_thread(certs.renew)
            return []

        async def clients() -> list[object]:
            return [await ask(server.address, as_client(certs)) for _ in range(20)]

        answers = await asyncio.gather(renew(), clients(), clients())
        assert [a for part in answers for a in part] == [SERVING] * 40


@pytest.mark.parametrize("spoil", ["garbage", "missing", "other", "expired"])
async def test_files_that_cannot_be_used_are_refused_at_start(
    certs: Certs, tmp_path: Path, spoil: str
) -> None:
    server = certs.folder.server
    if spoil == "garbage":
        server.key.write_bytes(b"\x00\xff garbage")
    elif spoil == "missing":
        server.key.unlink()
    elif spoil == "other":
        made = make_certs(CertRequest(folder=tmp_path / "more"))
        server.key.write_bytes(made.server_key.read_bytes())
    else:
        certs.expire()
    says = {
        "garbage": "holds no private key",
        "missing": "cannot be read",
        "other": "is not the key of the certificate",
        "expired": "ended on",
    }
    with pytest.raises(InvalidRequest, match=says[spoil]) as caught:
        build_server(settings(certs), [], Readiness())
    assert "grpc.tls." in caught.value.message
    assert "\n" not in caught.value.message


@asynccontextmanager
async def standing(
    server: BoxServer, certs: Certs
) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    """A connection made before, which goes on answering."""
    channel = open_channel(server.address, as_client(certs, of=certs))
    stub = health_pb2_grpc.HealthStub(channel)

    async def check() -> object:
        answer = await asyncio.to_thread(stub.Check, health_pb2.HealthCheckRequest(), timeout=5)
        return answer.status

    assert await check() == SERVING
    yield check
    channel.close()
