"""`bundle.sig`: who signed a bundle's contents."""

from __future__ import annotations

import json
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

from provisioning.keys.key_pair import KeyId, from_text, key_id, to_text
from serving.domain.errors import InvalidRequest


class Signature(BaseModel):
    """ed25519 over the exact bytes of `bundle.json`; both None where nobody signed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key_id: KeyId | None = None
    signature: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{86}==$")] | None = None
    """Base64 of 64 bytes."""

    @model_validator(mode="after")
    def _is_whole(self) -> Signature:
        if (self.key_id is None) != (self.signature is None):
            raise ValueError("key_id and signature go together")
        if self.signature is not None:
            from_text(self.signature)
        return self

    @property
    def raw(self) -> bytes | None:
        return None if self.signature is None else from_text(self.signature)

    def canonical(self) -> bytes:
        """The one way to write this signature."""
        value = self.model_dump(mode="json")
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def sign(content: bytes, key: Ed25519PrivateKey | None) -> Signature:
    """The signature of the key over the content; that of nobody where there is none."""
    if key is None:
        return Signature()
    return Signature(key_id=key_id(key.public_key()), signature=to_text(key.sign(content)))


def parse_signature(raw: bytes, bundle: str) -> Signature:
    """The counterpart of `canonical`; `bundle` is the file's name. Raises InvalidRequest."""
    try:
        found = Signature.model_validate_json(raw)
    except ValidationError:
        found = None
    if found is None or found.canonical() != raw:
        raise InvalidRequest(f"the bundle.sig of {bundle} is no signature; get the bundle anew")
    return found
