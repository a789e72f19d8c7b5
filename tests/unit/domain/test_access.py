"""Roles and permissions, and what a refusal says."""

from __future__ import annotations

import pytest

from serving.domain.access import (
    BOX,
    LOCAL,
    NOBODY,
    PERMISSIONS_BY_ROLE,
    Caller,
    Permission,
    Role,
    bearer_token,
)
from serving.domain.errors import Forbidden, Unauthenticated

TABLE = {
    Permission.OPEN: "viewer operator vendor",
    Permission.READ: "viewer operator vendor",
    Permission.ANALYZE: "operator",
    Permission.JOBS: "operator",
    Permission.VERSIONS: "operator vendor",
    Permission.ADMIN: "operator",
    Permission.INTERNAL: "",
}


def test_every_role_and_permission() -> None:
    assert set(PERMISSIONS_BY_ROLE) == set(Role)
    found = {p: {r for r in Role if p in PERMISSIONS_BY_ROLE[r]} for p in Permission}
    assert found == {p: {Role(r) for r in roles.split()} for p, roles in TABLE.items()}


@pytest.mark.parametrize("permission", list(Permission))
@pytest.mark.parametrize("role", list(Role))
def test_a_caller_has_what_its_role_has(role: Role, permission: Permission) -> None:
    caller = Caller.in_role("pacs", role)
    if role.value in TABLE[permission].split():
        caller.require(permission)
        return
    with pytest.raises(Forbidden) as refusal:
        caller.require(permission)
    for word in (f"'{permission.value}'", "'pacs'", f"role {role.value}"):
        assert word in refusal.value.message


def test_the_box_may_all_and_nobody_nothing() -> None:
    for permission in Permission:
        BOX.require(permission)
        with pytest.raises(Forbidden):
            NOBODY.require(permission)
    with pytest.raises(Forbidden, match="own processes"):
        LOCAL.require(Permission.INTERNAL)


@pytest.mark.parametrize("header", ["Bearer x", "bearer x", "BEARER  x "])
def test_bearer_headers(header: str) -> None:
    assert bearer_token(header) == "x"


@pytest.mark.parametrize("header", ["", "x", "Bearer", "Bearer ", "Basic eDp5", "Bearerx"])
def test_other_headers_are_refused_without_being_repeated(header: str) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        bearer_token(header)
    assert "eDp5" not in refusal.value.message
