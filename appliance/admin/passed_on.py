"""Callers whom a replica has checked already: it passes them on over the box's own socket."""

from __future__ import annotations

from serving.domain.access import BOX, NOBODY, Caller, Gatekeeper, Role, passed_on_names
from serving.domain.errors import Unauthenticated


class PassedOnGate:
    """The gatekeeper of `run/admin.sock`, which only the box's own user can open.

    Without a token the caller is the box itself; a token is checked as anywhere else.
    """

    def __init__(self, tokens: Gatekeeper) -> None:
        self._tokens = tokens

    def identify(self, token: str | None) -> Caller:
        """Raises Unauthenticated."""
        if token is None:
            return BOX
        names = passed_on_names(token)
        if names is None:
            return self._tokens.identify(token)
        name, role = names
        if role in (BOX.role, NOBODY.role):
            return BOX
        try:
            return Caller.in_role(name, Role(role))
        except ValueError:
            raise Unauthenticated("no such role; this socket is for the box itself") from None
