"""Every RPC without a token, with a wrong one and with a weak one, on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from appliance.client import AiboxClient
from serving.access.token import make_secret
from serving.access.token_file import TokenFile
from serving.access.token_gate import TokenGate
from serving.domain.access import PERMISSIONS_BY_ROLE, Permission, Role
from serving.domain.errors import Forbidden, Unauthenticated
from serving.rpc.permissions import permission_of
from tests.integration.rpc.guarded_server import (
    BROKEN,
    INTERNAL,
    UNLISTED,
    answer_text,
    guarded_server,
    served,
)

OK, WHO, MAY_NOT = (
    grpc.StatusCode.OK,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
)
LIST = "/aibox.v1.JobService/List"
STREAM = "/inference.GRPCInferenceService/ModelStreamInfer"
Metadata = tuple[tuple[str, str], ...]


class Edge:
    """The server under test and its tokens."""

    def __init__(self, folder: Path) -> None:
        self.file = TokenFile(folder / "tokens.json")
        self.tokens = {role: self.file.issue(role.value, role) for role in Role}
        self.socket = folder / "n.sock"
        self.address = ""

    def signed(self, role: Role) -> Metadata:
        return bearer(self.tokens[role].secret)

    async def call(
        self, method: str, metadata: Metadata = (), data: bytes = b"", *, own: bool = False
    ) -> tuple[grpc.StatusCode, str]:
        """Status and text of the answer, or of the refusal."""
        target = f"unix:{self.socket}" if own else self.address
        async with grpc.aio.insecure_channel(target) as channel:
            try:
                return OK, answer_text(await _answer(channel, method, metadata, data))
            except grpc.aio.AioRpcError as error:
                return error.code(), error.details() or ""


async def _answer(channel: Any, method: str, metadata: Metadata, data: bytes) -> bytes:
    requests_stream, answers_stream = served()[method]
    kind = ("unary", "stream")
    open_call = getattr(channel, f"{kind[requests_stream]}_{kind[answers_stream]}")(method)
    call = open_call(iter([data]) if requests_stream else data, metadata=metadata, timeout=10)
    if not answers_stream:
        return await call
    return [answer async for answer in call][0]  # noqa: RUF015 - all are read, to see the status


def bearer(token: str) -> Metadata:
    return (("authorization", f"Bearer {token}"),)


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[Edge]:
    edge = Edge(tmp_path)
    gate = TokenGate(tmp_path / "tokens.json", required=True, recheck_s=0)
    async with guarded_server(gate, edge.socket) as edge.address:
        yield edge


@pytest.fixture
async def lax(tmp_path: Path) -> AsyncIterator[Edge]:
    edge = Edge(tmp_path)
    gate = TokenGate(tmp_path / "tokens.json", required=False, recheck_s=0)
    async with guarded_server(gate, edge.socket) as edge.address:
        yield edge


def for_tokens() -> list[str]:
    """The methods that a token can open."""
    others = {None, Permission.OPEN, Permission.INTERNAL}
    return [method for method in served() if permission_of(method) not in others]


@pytest.mark.parametrize("method", for_tokens())
async def test_each_rpc_asks_for_the_right_token(strict: Edge, method: str) -> None:
    permission = permission_of(method)
    assert permission is not None
    wrong = make_secret(strict.tokens[Role.OPERATOR].token.id)
    assert (await strict.call(method))[0] is WHO
    for metadata in (bearer(wrong), bearer("x"), (("authorization", wrong),)):
        code, text = await strict.call(method, metadata)
        assert code is WHO
        assert wrong not in text
    for role in Role:
        code, text = await strict.call(method, strict.signed(role))
        if permission in PERMISSIONS_BY_ROLE[role]:
            assert (code, text) == (OK, f"{role} {role}")
        else:
            assert code is MAY_NOT
            assert f"'{permission.value}'" in text
            assert strict.tokens[role].secret not in text


@pytest.mark.parametrize("method", [m for m in served() if permission_of(m) is Permission.OPEN])
async def test_health_is_open(strict: Edge, method: str) -> None:
    assert await strict.call(method) == (OK, "- -")
    assert (await strict.call(method, bearer("x")))[0] is OK


@pytest.mark.parametrize("method", [UNLISTED, INTERNAL])
async def test_closed_methods(strict: Edge, lax: Edge, method: str) -> None:
    for edge in (strict, lax):
        assert (await edge.call(method))[0] is MAY_NOT
        for role in Role:
            assert (await edge.call(method, edge.signed(role)))[0] is MAY_NOT


async def test_the_boxs_own_socket(strict: Edge) -> None:
    assert await strict.call(INTERNAL, own=True) == (OK, "box box")
    assert await strict.call(LIST, own=True) == (OK, "box box")
    assert (await strict.call(UNLISTED, own=True))[0] is MAY_NOT
    # Whoever shows a token there is its holder and no more.
    viewer = strict.signed(Role.VIEWER)
    assert (await strict.call(LIST, viewer, own=True))[0] is MAY_NOT
    assert (await strict.call(INTERNAL, viewer, own=True))[0] is MAY_NOT
    assert (await strict.call(LIST, bearer("x"), own=True))[0] is WHO


@pytest.mark.parametrize("method", for_tokens())
async def test_where_no_token_is_asked_for(lax: Edge, method: str) -> None:
    assert await lax.call(method) == (OK, "local operator")
    assert (await lax.call(method, bearer("x")))[0] is WHO


async def test_two_tokens_are_none(strict: Edge) -> None:
    twice = strict.signed(Role.OPERATOR) * 2
    assert (await strict.call(LIST, twice))[0] is WHO


@pytest.mark.parametrize("method", [LIST, "/aibox.v1.JobService/Watch"])
async def test_nothing_is_parsed_for_a_stranger(strict: Edge, method: str) -> None:
    assert (await strict.call(method, (), BROKEN))[0] is WHO
    code, _ = await strict.call(method, strict.signed(Role.OPERATOR), BROKEN)
    assert code is grpc.StatusCode.INVALID_ARGUMENT


async def test_an_unknown_method_stays_unknown(strict: Edge) -> None:
    async with grpc.aio.insecure_channel(strict.address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await channel.unary_unary("/no.Service/Method")(b"")
    assert failure.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_revoked_token_ends_an_open_stream(strict: Edge) -> None:
    async with grpc.aio.insecure_channel(strict.address) as channel:
        call = channel.stream_stream(STREAM)(metadata=strict.signed(Role.OPERATOR))
        await call.write(b"1")
        assert answer_text(await call.read()) == "operator operator"
        strict.file.revoke("operator")
        await call.write(b"2")
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await call.read()
    assert failure.value.code() is WHO
    assert "revoked" in (failure.value.details() or "")


async def test_the_client_sends_its_token(
    strict: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIBOX_TOKEN", raising=False)
    secrets = {role: issued.secret for role, issued in strict.tokens.items()}
    (tmp_path / "study.dcm").write_bytes(b"\0" * 128 + b"DICM")

    def without() -> None:
        with AiboxClient(strict.address) as client, pytest.raises(Unauthenticated, match="AIBOX"):
            client.jobs()

    def weak() -> None:
        with AiboxClient(strict.address, token=secrets[Role.VIEWER]) as client:
            assert client.models() == []
            for call in (
                lambda: client.jobs(),
                lambda: list(client.watch("j")),
                lambda: client.analyze(tmp_path / "study.dcm"),
            ):
                with pytest.raises(Forbidden):
                    call()

    def strong() -> None:
        with AiboxClient(strict.address) as client:
            assert client.jobs() == []

    await asyncio.to_thread(without)
    await asyncio.to_thread(weak)
    monkeypatch.setenv("AIBOX_TOKEN", secrets[Role.OPERATOR])
    await asyncio.to_thread(strong)
