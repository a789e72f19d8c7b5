"""Bar 5 on a whole box: no route and no method without the right token, nothing in the clear.

The routes are those of the box's own OpenAPI, the methods those that it registers.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
from aibox.v1 import control_pb2, job_pb2, radiomics_pb2, study_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from inference import grpc_service_pb2

from loadtests.box import OwnBox
from serving.domain.access import PERMISSIONS_BY_ROLE, Permission, Role
from serving.rpc.permissions import permission_of
from tests.e2e.guarded_box import GuardedBox, done, guarded_box, run_aibox
from tests.e2e.numbered_models import X

WRONG = "aibox_" + "0" * 43
PLACES = {"name": "times", "version": "1", "label": "candidate", "pipeline": "chest_ct"}
NOT_IN_THE_DOCUMENT = {"/openapi.json": Permission.READ, "/docs": Permission.READ}
FILES = (grpc_service_pb2, study_pb2, job_pb2, radiomics_pb2, control_pb2, health_pb2)
SERVICES = [
    service
    for file in (*FILES, reflection_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
]
METHODS = [method for service in SERVICES for method in service.methods]
REFUSALS = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedBox]:
    with guarded_box(tmp_path_factory.mktemp("guarded")) as running:
        yield running


@pytest.fixture(scope="module")
def admin(guarded: GuardedBox) -> Iterator[httpx.Client]:
    trust = ssl.create_default_context(cafile=str(guarded.ca))
    with httpx.Client(base_url=guarded.admin_url, verify=trust, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def channel(guarded: GuardedBox) -> Iterator[grpc.Channel]:
    credentials = grpc.ssl_channel_credentials(guarded.ca.read_bytes())
    with grpc.secure_channel(guarded.box.address, credentials) as opened:
        yield opened


# --- the admin API --------------------------------------------------------------------------


def test_every_admin_route_asks_who_calls_and_whether_they_may(
    guarded: GuardedBox, admin: httpx.Client
) -> None:
    calls = _calls(admin, guarded.tokens[Role.VIEWER])
    assert len(calls) > 30
    for method, path, permission in calls:
        place = f"{method} {path}"
        for token in (None, WRONG):
            answer = admin.request(method, path, headers=_bearer(token))
            assert answer.status_code == httpx.codes.UNAUTHORIZED, place
            assert "Bearer" in answer.headers["www-authenticate"], place
            _is_a_problem(answer, place)
        for role, token in guarded.tokens.items():
            may = permission in PERMISSIONS_BY_ROLE[role]
            if may and method != "GET":
                continue  # it would happen
            answer = admin.request(method, path, headers=_bearer(token))
            if may:
                assert answer.status_code in (httpx.codes.OK, httpx.codes.NOT_FOUND), place
            else:
                assert answer.status_code == httpx.codes.FORBIDDEN, f"{place} as {role}"
                assert permission.value in _is_a_problem(answer, place), place


def test_monitors_need_no_token(admin: httpx.Client) -> None:
    assert admin.get("/healthz").status_code == httpx.codes.OK


def _calls(admin: httpx.Client, token: str) -> list[tuple[str, str, Permission]]:
    document = admin.get("/openapi.json", headers=_bearer(token)).json()
    found = [("GET", path, needed) for path, needed in NOT_IN_THE_DOCUMENT.items()]
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            if path == "/healthz":
                assert call["security"] == []
                continue
            place = path.format_map(_Places(PLACES))
            found.append((method.upper(), place, Permission(call["x-permission"])))
    return found


class _Places(dict[str, str]):
    """Ids are all of one form."""

    def __missing__(self, key: str) -> str:
        return "0" * 32


def _is_a_problem(answer: httpx.Response, place: str) -> str:
    assert answer.headers["content-type"] == "application/problem+json", place
    return str(answer.json()["detail"])


def _bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"authorization": f"Bearer {token}"}


# --- gRPC -----------------------------------------------------------------------------------


def test_the_box_has_no_service_that_is_not_called_here(
    guarded: GuardedBox, channel: grpc.Channel
) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)  # type: ignore[no-untyped-call]
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    metadata = _metadata(guarded.tokens[Role.VIEWER])
    answers = stub.ServerReflectionInfo(iter([request]), metadata=metadata)
    listed = {service.name for service in next(answers).list_services_response.service}
    assert "inference.GRPCInferenceService" in listed
    assert listed <= {service.full_name for service in SERVICES}


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.full_name)
def test_every_method_asks_who_calls_and_whether_they_may(
    guarded: GuardedBox, channel: grpc.Channel, method: Any
) -> None:
    path = f"/{method.containing_service.full_name}/{method.name}"
    permission = permission_of(path)
    assert permission is not None, "a method that no table knows"
    if permission is Permission.OPEN:
        assert _code(channel, method, path, None) not in REFUSALS
        return
    internal = permission is Permission.INTERNAL
    unknown = grpc.StatusCode.PERMISSION_DENIED if internal else grpc.StatusCode.UNAUTHENTICATED
    assert _code(channel, method, path, None) is unknown
    assert _code(channel, method, path, WRONG) is unknown
    for role, token in guarded.tokens.items():
        code = _code(channel, method, path, token)
        if permission in PERMISSIONS_BY_ROLE[role]:
            assert code not in REFUSALS, role
        else:
            assert code is grpc.StatusCode.PERMISSION_DENIED, role


def _code(channel: grpc.Channel, method: Any, path: str, token: str | None) -> grpc.StatusCode:
    """What an empty request is answered with; of a stream, its first answer or its end."""
    kind = "stream_" if method.client_streaming else "unary_"
    call = getattr(channel, kind + ("stream" if method.server_streaming else "unary"))(path)
    request: Any = iter(()) if method.client_streaming else b""
    try:
        answer = call(request, metadata=_metadata(token), timeout=20)
        if method.server_streaming:
            next(answer, None)
            answer.cancel()
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def _metadata(token: str | None) -> tuple[tuple[str, str], ...]:
    return () if token is None else (("authorization", f"Bearer {token}"),)


# --- TLS ------------------------------------------------------------------------------------


def test_neither_port_speaks_in_the_clear(guarded: GuardedBox) -> None:
    token = guarded.tokens[Role.OPERATOR]
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{guarded.box.admin_url}/healthz", headers=_bearer(token), timeout=5)
    path = "/grpc.health.v1.Health/Check"
    with grpc.insecure_channel(guarded.box.address) as plain, pytest.raises(grpc.RpcError) as found:
        plain.unary_unary(path)(b"", metadata=_metadata(token), timeout=5)
    assert found.value.code() is grpc.StatusCode.UNAVAILABLE  # type: ignore[attr-defined]


def test_whoever_does_not_know_the_authority_does_not_talk(guarded: GuardedBox) -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{guarded.admin_url}/healthz", timeout=5)


def test_on_the_network_only_behind_tls(tmp_path: Path) -> None:
    box = OwnBox({"AIBOX__GRPC__HOST": "0.0.0.0"}, tmp_path / "state")
    ran = run_aibox(box.environment(), "up", "--state", str(box.state_dir))
    assert ran.returncode == 1
    assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr
    assert "refused at start without TLS: set grpc.tls.cert" in ran.stderr


# --- commands from another machine ----------------------------------------------------------


def test_commands_say_who_calls_by_the_environment(guarded: GuardedBox, tmp_path: Path) -> None:
    admin, grpc_at = ("--admin", guarded.admin_url), ("--address", guarded.box.address)
    vendor, operator = guarded.tokens[Role.VENDOR], guarded.tokens[Role.OPERATOR]
    promote = ("models", "promote", "times", "2", *admin)
    assert "promote" in done(guarded.aibox(*promote, token=vendor))
    done(guarded.aibox("jobs", "list", *grpc_at, token=operator))
    np.save(tmp_path / "x.npy", X)
    infer = ("infer", "times", "--input", f"x={tmp_path / 'x.npy'}", *grpc_at)
    done(guarded.aibox(*infer, token=operator))
    refusals = [
        (promote, "", "token"),
        (promote, WRONG, "token"),
        (promote, guarded.tokens[Role.VIEWER], "'versions'"),
        (("jobs", "list", *grpc_at), "", "token"),
        (("jobs", "list", *grpc_at), vendor, "'jobs'"),
        (infer, guarded.tokens[Role.VIEWER], "'analyze'"),
    ]
    for given, token, told in refusals:
        ran = guarded.aibox(*given, token=token)
        assert ran.returncode == 1, given
        assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr
        assert told in ran.stderr, given
        assert not token or token not in ran.stdout + ran.stderr
