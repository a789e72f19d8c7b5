"""Every route asks for a permission, and nobody without it gets in. The table is the app's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.admin.access import OPEN_PATHS, RouteAccess, route_access
from serving.access.token import make_secret
from serving.domain.access import PERMISSIONS_BY_ROLE, Permission, Role
from tests.unit.appliance.admin.small_admin import SmallAdmin

SAMPLES = {
    "name": "unet",
    "version": "2",
    "label": "canary",
    "pipeline": "chest_ct",
    "operation_id": "0" * 32,
    "job_id": "0" * 32,
}
CHANGING = {
    "models": Permission.VERSIONS,
    "releases": Permission.VERSIONS,
    "routes": Permission.VERSIONS,
    "rollback": Permission.VERSIONS,
    "jobs": Permission.JOBS,
}


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[SmallAdmin]:
    with SmallAdmin(tmp_path, tokens_required=True) as made:
        yield made


def _calls(admin: SmallAdmin) -> list[tuple[str, str, RouteAccess]]:
    """Method, a path with values in it, and the route."""
    return [
        (method, re.sub(r"{(\w+)}", lambda found: SAMPLES[found[1]], route.path), route)
        for route in route_access(admin.app)
        for method in route.methods
    ]


def test_every_route_but_health_declares_its_permission(admin: SmallAdmin) -> None:
    undeclared = {route.path for route in route_access(admin.app) if route.permission is None}
    assert undeclared == OPEN_PATHS
    assert len(_calls(admin)) > 25


def test_what_changes_something_asks_for_more_than_reading(admin: SmallAdmin) -> None:
    for method, path, route in _calls(admin):
        if method != "GET":
            assert route.permission is CHANGING[path.split("/")[2]], path
    kept = {"/v1/audit", "/v1/settings"}
    assert {r.permission for r in route_access(admin.app) if r.path in kept} == {Permission.ADMIN}


def test_no_token_and_a_wrong_one_get_nowhere(strict: SmallAdmin) -> None:
    known = strict.token(Role.OPERATOR)["authorization"].split("_")[1]
    wrong = {"authorization": f"Bearer {make_secret(known)}"}
    for method, path, route in _calls(strict):
        if route.path in OPEN_PATHS:
            continue
        for headers in ({}, wrong):
            answer = strict.http.request(method, path, headers=headers)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["content-type"] == "application/problem+json"
    assert strict.http.get("/v1/operations", headers=strict.token(Role.VIEWER)).json() == []


@pytest.mark.parametrize("role", Role)
def test_a_role_may_what_its_permissions_say(strict: SmallAdmin, role: Role) -> None:
    token = strict.token(role)
    for method, path, route in _calls(strict):
        answer = strict.http.request(method, path, headers=token)
        allowed = route.permission is None or route.permission in PERMISSIONS_BY_ROLE[role]
        assert (answer.status_code == 403) is not allowed, (method, path, answer.text)
        assert answer.status_code != 401
