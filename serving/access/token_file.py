"""`tokens.json` of the state directory: read whole, rewritten whole, one writer at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from serving.access.token import Issued, Token, TokenName, digest_of, make_id, make_secret
from serving.domain.access import RESERVED_NAMES, Role
from serving.domain.disk import replace_whole
from serving.domain.errors import IllegalTransition, InvalidRequest, Unauthenticated

TOKEN_FILE = "tokens.json"
MAX_TOKENS = 10_000

_PRIVATE = 0o600
_WRITABLE_BY_OTHERS = 0o022
_NAME: TypeAdapter[str] = TypeAdapter(TokenName)


class _Content(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: tuple[Token, ...] = ()


class TokenFile:
    """The tokens of one box. Revoked and expired ones stay in the list, for whoever asks later."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def tokens(self) -> tuple[Token, ...]:
        """All of them, oldest first; none where there is no file.

        Raises Unauthenticated where the file cannot be trusted: no caller can be known then.
        """
        try:
            return _read(self._path).tokens
        except FileNotFoundError:
            return ()
        except PermissionError as error:
            raise Unauthenticated(_untrusted(error.strerror or "it cannot be read")) from None
        except (OSError, ValidationError):
            raise Unauthenticated(_untrusted("it is damaged")) from None

    def issue(self, name: str, role: Role, expires_at: datetime | None = None) -> Issued:
        """A new token; its secret is in the answer and nowhere else.

        A name may have several live tokens of one role, so that a new one can take over before
        the old one is revoked. Raises InvalidRequest, IllegalTransition.
        """
        now = datetime.now(UTC)
        _check_name(name)
        with self._writing():
            known = self.tokens()
            if any(t.name == name and t.role is not role and t.live(now) for t in known):
                raise IllegalTransition(
                    "that name holds a token of another role; revoke that first or choose "
                    "another name"
                )
            if len(known) >= MAX_TOKENS:
                raise IllegalTransition(f"the box has {MAX_TOKENS} tokens and keeps no more")
            made = _make(name, role, now, expires_at, {token.id for token in known})
            self._write((*known, made.token))
        return made

    def revoke(self, which: str) -> tuple[Token, ...]:
        """Ends a token by its id, or all of a name; the next call with it is refused.

        Raises InvalidRequest where there is none such that lives.
        """
        now = datetime.now(UTC)
        if not self._path.exists():
            raise InvalidRequest("this box has no tokens; `aibox tokens create` makes one")
        with self._writing():
            known = self.tokens()
            ended = {t.id for t in known if which in (t.id, t.name) and t.live(now)}
            if not ended:
                raise InvalidRequest(
                    "no live token has that name or id; `aibox tokens list` shows them"
                )
            marked = [
                t.model_copy(update={"revoked_at": now}) if t.id in ended else t for t in known
            ]
            self._write(tuple(marked))
        return tuple(token for token in marked if token.id in ended)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        lock = os.open(
            self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE
        )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _write(self, tokens: tuple[Token, ...]) -> None:
        content = _Content(tokens=tokens).model_dump_json(indent=2) + "\n"
        replace_whole(self._path, content.encode())


def _read(path: Path) -> _Content:
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        if found.st_mode & _WRITABLE_BY_OTHERS or found.st_uid not in (0, os.geteuid()):
            raise PermissionError(0, "others than its owner may write it")
        return _Content.model_validate_json(file.read())


def _make(
    name: str, role: Role, now: datetime, expires_at: datetime | None, taken: set[str]
) -> Issued:
    token_id = make_id()
    while token_id in taken:
        token_id = make_id()
    secret = make_secret(token_id)
    token = Token(
        id=token_id,
        name=name,
        role=role,
        sha256=digest_of(secret).hex(),
        created_at=now,
        expires_at=expires_at,
    )
    return Issued(token, secret)


def _check_name(name: str) -> None:
    try:
        _NAME.validate_python(name)
    except ValidationError:
        raise InvalidRequest(
            "a token's name has 1 to 64 of a-z, 0-9, `_`, `.` and `-` and begins with a letter"
        ) from None
    if name in RESERVED_NAMES:
        raise InvalidRequest(f"the name {name!r} is the box's own; choose another one")


def _untrusted(why: str) -> str:
    return (
        f"the box cannot check tokens: its file {TOKEN_FILE} is not to be trusted ({why}); "
        "its operator restores it, or removes it and issues new tokens"
    )
