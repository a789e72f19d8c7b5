"""Who may do what: roles, permissions, and the caller of a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from serving.domain.errors import Forbidden, Unauthenticated

BEARER = "Bearer"
_PASSED_ON = "caller:"
"""No token begins so: they are `aibox_...`."""


class Permission(StrEnum):
    """What a route or RPC asks of its caller."""

    OPEN = "open"
    """Nothing: liveness for monitors that hold no token."""
    READ = "read"
    """Status, models, metrics: nothing about a patient."""
    ANALYZE = "analyze"
    """Send studies, cohorts and tensors; follow the jobs and fetch their results."""
    JOBS = "jobs"
    """List, cancel and retry the jobs of everybody."""
    VERSIONS = "versions"
    """Import, promote, roll back, load and unload models and releases."""
    ADMIN = "admin"
    """Tokens, settings, the audit log."""
    INTERNAL = "internal"
    """The box's own processes alone, over their Unix sockets: no role has it."""


class Role(StrEnum):
    """What a token is issued for."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    VENDOR = "vendor"


PERMISSIONS_BY_ROLE: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.VIEWER: frozenset({Permission.OPEN, Permission.READ}),
        Role.OPERATOR: frozenset(Permission) - {Permission.INTERNAL},
        Role.VENDOR: frozenset({Permission.OPEN, Permission.READ, Permission.VERSIONS}),
    }
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request; `name` is the token's name, never a person's or a secret."""

    name: str
    role: str
    """One word for logs and the audit: a Role, `box` or `-`."""
    permissions: frozenset[Permission]

    @classmethod
    def in_role(cls, name: str, role: Role) -> Caller:
        """A caller with all that the role allows."""
        return cls(name, role.value, PERMISSIONS_BY_ROLE[role])

    def require(self, permission: Permission) -> None:
        """Raises Forbidden where the caller lacks the permission."""
        if permission not in self.permissions:
            raise Forbidden(
                f"this needs the permission {permission.value!r}, and {self.name!r} "
                f"(role {self.role}) does not have it; {_remedy(permission)}"
            )


LOCAL = Caller.in_role("local", Role.OPERATOR)
"""Whoever calls without a token where none is asked for."""
BOX = Caller("box", "box", frozenset(Permission))
"""A process of this box, on a socket that only its own user can open."""
NOBODY = Caller("-", "-", frozenset())
"""Not looked at: no token was asked for, or the request has not come that far."""
RESERVED_NAMES = frozenset({LOCAL.name, BOX.name})


class Gatekeeper(Protocol):
    """Says who calls."""

    def identify(self, token: str | None) -> Caller:
        """The holder of a token; None stands for a call without one. Raises Unauthenticated."""
        ...


def passed_on(caller: Caller) -> str:
    """A caller as a replica names it to the box's admin socket, in the place of a token."""
    return f"{_PASSED_ON}{caller.role}:{caller.name}"


def passed_on_names(token: str) -> tuple[str, str] | None:
    """Name and role of a caller that was passed on; None for anything else."""
    if not token.startswith(_PASSED_ON):
        return None
    role, _, name = token.removeprefix(_PASSED_ON).partition(":")
    return name, role


def bearer_token(authorization: str) -> str:
    """The token of an `authorization` header (RFC 6750). Raises Unauthenticated."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != BEARER.lower() or not token.strip():
        raise Unauthenticated(
            "the authorization header is not understood; send `Bearer`, a space and a token"
        )
    return token.strip()


def _remedy(permission: Permission) -> str:
    able = [role for role in Role if permission in PERMISSIONS_BY_ROLE[role]]
    if not able:
        return "only the box's own processes do"
    return f"ask the box's operator for a token of the role {' or '.join(able)}"
