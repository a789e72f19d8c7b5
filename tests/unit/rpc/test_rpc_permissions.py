"""No RPC is without an entry in the table, and no entry without an RPC."""

from __future__ import annotations

import pytest

from serving.domain.access import Permission
from serving.rpc.permissions import INTERNAL_SERVICES, PERMISSION_BY_METHOD, permission_of
from tests.unit.rpc.rpc_methods import every_method

BEING_BUILT = {
    "/inference.GRPCInferenceService/RepositoryModelLoad",
    "/inference.GRPCInferenceService/RepositoryModelUnload",
}


@pytest.mark.parametrize("method", every_method())
def test_every_rpc_has_a_permission(method: str) -> None:
    assert permission_of(method) is not None


def test_the_walk_finds_the_services() -> None:
    services = {method.split("/")[1] for method in every_method()}
    assert {m.split("/")[1] for m in PERMISSION_BY_METHOD} <= services
    assert len(every_method()) >= 20


def test_no_entry_is_stale() -> None:
    assert set(PERMISSION_BY_METHOD) - set(every_method()) <= BEING_BUILT


def test_only_health_is_open_and_only_control_is_internal() -> None:
    is_open = {m for m, p in PERMISSION_BY_METHOD.items() if p is Permission.OPEN}
    assert is_open == {"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"}
    assert Permission.INTERNAL not in PERMISSION_BY_METHOD.values()
    assert permission_of("/aibox.v1.ControlService/Whatever") is Permission.INTERNAL
    assert not any(m.startswith(INTERNAL_SERVICES) for m in PERMISSION_BY_METHOD)


@pytest.mark.parametrize(
    "method",
    [
        "",
        "/",
        "/aibox.v1.JobService/",
        "/aibox.v1.JobService/Purge",
        "/aibox.v1.JobService/get",
        "/aibox.v1.ControlServiceX/Get",
        "aibox.v1.ControlService/Get",
        "/grpc.health.v1.Health/List",
    ],
)
def test_a_method_that_is_not_in_the_table_is_nobodys(method: str) -> None:
    assert permission_of(method) is None
