"""Who signed a bundle, and what this box thinks of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from provisioning.bundle.signature import Signature
from provisioning.keys import TrustStore
from serving.domain.errors import InvalidRequest


class Standing(StrEnum):
    """What this box thinks of a signer."""

    TRUSTED = "trusted"
    UNKNOWN = "unknown"
    REVOKED = "revoked"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed; `name` is what this box's operator called the key, None for an unknown one.

    The signature of an unknown key cannot be checked, so its key_id is but a claim.
    """

    standing: Standing
    key_id: str | None = None
    name: str | None = None

    @property
    def trusted(self) -> bool:
        return self.standing is Standing.TRUSTED

    def refusal(self, bundle: str) -> str | None:
        """Why this box does not trust the bundle of that file name; None where it does."""
        if self.standing is Standing.UNSIGNED:
            return f"{bundle} is not signed; ask its maker for a signed one"
        if self.standing is Standing.UNKNOWN:
            return (
                f"{bundle} is signed by the key {self.key_id}, which this box does not know; "
                "if you know its owner, run `aibox keys trust` with the owner's .pub file"
            )
        if self.standing is Standing.REVOKED:
            return (
                f"{bundle} is signed by the key {self.key_id} ({self.name}), which was revoked "
                "here; ask its maker for one that is signed by a new key"
            )
        return None


def identify(signature: Signature, content: bytes, trust: TrustStore, bundle: str) -> Signer:
    """Who signed `content`. Raises InvalidRequest where a known key did not, though named."""
    if signature.key_id is None or signature.raw is None:
        return Signer(Standing.UNSIGNED)
    known = trust.find(signature.key_id)
    if known is None:
        return Signer(Standing.UNKNOWN, signature.key_id)
    if not known.signed(content, signature.raw):
        raise InvalidRequest(
            f"{bundle} was changed after it was signed by {known.name}; get the bundle anew"
        )
    standing = Standing.TRUSTED if known.revoked_at is None else Standing.REVOKED
    return Signer(standing, known.key_id, known.name)


def require_admitted(signer: Signer, allow_unsigned: bool, bundle: str) -> None:
    """Raises InvalidRequest unless the box may take in what this signer signed."""
    reason = signer.refusal(bundle)
    if reason is None:
        return
    if not (allow_unsigned and signer.standing in (Standing.UNSIGNED, Standing.UNKNOWN)):
        raise InvalidRequest(reason)
