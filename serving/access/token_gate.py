"""The gatekeeper of every edge: a token's holder, from the file as it is now."""

from __future__ import annotations

import hmac
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from serving.access.token import Token, digest_of, id_of
from serving.access.token_file import TokenFile
from serving.domain.access import LOCAL, Caller
from serving.domain.errors import Unauthenticated

_ASK = (
    "this box asks for a token; send it as `authorization: Bearer <token>` "
    "(the aibox command takes it from AIBOX_TOKEN)"
)
_WRONG = "the token is not one of this box; ask its operator for one"

RECHECK_S = 0.2
"""How long a revoked token may live on. A look at the file at each call would cost more than the
rest of the check together: it lets go of the interpreter, and another thread takes it."""

Stamp = tuple[int, int]
"""Time of the last change, of content or mode, in ns, and inode: a rewritten file has others."""


@dataclass(frozen=True, slots=True)
class _Known:
    digest: bytes
    caller: Caller
    expires_s: float
    revoked: bool


class TokenGate:
    """Checks tokens against a file that is read anew once it has changed.

    A check costs one SHA-256 and one look-up; the file is looked at every `recheck_s` seconds at
    most. A file that cannot be trusted opens nothing. `clock` gives seconds since the epoch.
    """

    def __init__(
        self,
        path: Path,
        *,
        required: bool,
        clock: Callable[[], float] = time.time,
        recheck_s: float = RECHECK_S,
    ) -> None:
        self._path = path
        self._file = TokenFile(path)
        self._required = required
        self._clock = clock
        self._recheck_s = recheck_s
        self._look_again_s = -math.inf
        self._stamp: Stamp | None = None
        self._known: Mapping[str, _Known] = {}
        self._fault: str | None = None

    def identify(self, token: str | None) -> Caller:
        """Whoever holds the token; `LOCAL` for none where none is asked for.

        Raises Unauthenticated.
        """
        if token is None:
            if self._required:
                raise Unauthenticated(_ASK)
            return LOCAL
        token_id = id_of(token)
        if token_id is None:
            raise Unauthenticated(_WRONG)
        known = self._current().get(token_id)
        if known is None or not hmac.compare_digest(known.digest, digest_of(token)):
            raise Unauthenticated(_WRONG)
        if known.revoked or known.expires_s <= self._clock():
            ended = "was revoked" if known.revoked else "has expired"
            raise Unauthenticated(f"this token {ended}; ask the box's operator for a new one")
        return known.caller

    def _current(self) -> Mapping[str, _Known]:
        now_s = time.monotonic()
        if now_s >= self._look_again_s:
            self._look_again_s = now_s + self._recheck_s
            self._look()
        if self._fault is not None:
            raise Unauthenticated(self._fault)
        return self._known

    def _look(self) -> None:
        stamp = _stamp(self._path)
        if stamp != self._stamp:
            # Stamped before it is read: a change in between is seen at the next call.
            self._stamp = stamp
            self._load()

    def _load(self) -> None:
        try:
            self._known = {token.id: _known(token) for token in self._file.tokens()}
            self._fault = None
        except Unauthenticated as error:
            self._known, self._fault = {}, error.message
            logging.getLogger(__name__).error(error.message)


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ctime_ns, found.st_ino


def _known(token: Token) -> _Known:
    expires_s = math.inf if token.expires_at is None else token.expires_at.timestamp()
    return _Known(
        bytes.fromhex(token.sha256),
        Caller.in_role(token.name, token.role),
        expires_s,
        token.revoked_at is not None,
    )
