"""One token: what the box keeps of it, and the secret that only its holder has."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from serving.domain.access import Role
from serving.domain.provenance import Sha256

ID_DIGITS = 10
SECRET_BYTES = 32

_SECRET = re.compile(r"aibox_([0-9]{10})_[A-Za-z0-9_-]{43}")

TokenName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")]


class Token(BaseModel):
    """A token as it lies on the disk: the digest of its secret, never the secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")]
    name: TokenName
    """The system or person's function that holds it, as `pacs`."""
    role: Role
    sha256: Sha256
    """Of the whole secret; 256 random bits need no slow hash."""
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    revoked_at: AwareDatetime | None = None

    def live(self, now: datetime) -> bool:
        """Whether it opens anything."""
        expired = self.expires_at is not None and self.expires_at <= now
        return self.revoked_at is None and not expired


@dataclass(frozen=True, slots=True)
class Issued:
    """A token at the one moment when its secret is known."""

    token: Token
    secret: str = field(repr=False)


def make_secret(token_id: str) -> str:
    """A new secret: its id finds the token, the 256 random bits prove it."""
    return f"aibox_{token_id}_{secrets.token_urlsafe(SECRET_BYTES)}"


def make_id() -> str:
    """A random id; digits only, so that it is never a name."""
    return f"{secrets.randbelow(10**ID_DIGITS):0{ID_DIGITS}}"


def id_of(secret: str) -> str | None:
    """The id inside a secret; None where the text is no secret of a box at all."""
    found = _SECRET.fullmatch(secret)
    return found[1] if found else None


def digest_of(secret: str) -> bytes:
    """What is kept of a secret and compared."""
    return hashlib.sha256(secret.encode("utf-8")).digest()
