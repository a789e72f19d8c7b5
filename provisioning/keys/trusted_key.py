"""A public key that the operator of this box trusts, or trusted once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, model_validator

from provisioning.keys.key_pair import from_text, key_id, to_text

SignerName = Annotated[str, StringConstraints(pattern=r"^[ -~]{1,64}$")]
"""Printable ASCII, for people: nothing is looked up by it."""


class TrustedKey(BaseModel):
    """One file of the trust folder, `<key_id>.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: SignerName
    public_key: str
    """Base64 of the 32 raw bytes."""
    trusted_at: AwareDatetime
    revoked_at: AwareDatetime | None = None
    """Kept when revoked, so that what this key signed is refused and not merely unknown."""

    @model_validator(mode="after")
    def _is_a_key(self) -> TrustedKey:
        _ = self.key
        return self

    @classmethod
    def of(cls, key: Ed25519PublicKey, name: str, trusted_at: datetime) -> TrustedKey:
        """Raises pydantic's ValidationError where the name is none."""
        text = to_text(key.public_bytes_raw())
        return cls(name=name, public_key=text, trusted_at=trusted_at)

    @property
    def key(self) -> Ed25519PublicKey:
        return Ed25519PublicKey.from_public_bytes(from_text(self.public_key))

    @property
    def key_id(self) -> str:
        return key_id(self.key)

    def signed(self, content: bytes, signature: bytes) -> bool:
        """Whether the signature over exactly this content is by this key."""
        try:
            self.key.verify(signature, content)
        except InvalidSignature:
            return False
        return True
