"""A file of certificates or of a key, and why it cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificatePublicKeyTypes,
    PublicKeyTypes,
)

from serving.domain.errors import InvalidRequest

MOST_BYTES = 1 << 20
"""Of one file; a chain of certificates has some kilobytes."""
UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What `cryptography` raises for files that are no key or certificate, or are damaged ones."""


@dataclass(frozen=True, slots=True)
class PemFile:
    """`path`, as named by `setting`; every method raises InvalidRequest with one sentence."""

    setting: str
    path: Path

    def read(self) -> bytes:
        """The whole content; nothing is cached, since the file may be renewed."""
        try:
            with self.path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise self.refuse(
                f"cannot be read ({error.strerror}); name a file that this user may read"
            ) from None
        if len(content) > MOST_BYTES:
            raise self.refuse("is too large for certificates or a key; name another file")
        return content

    def certified_key(self, content: bytes) -> CertificatePublicKeyTypes:
        """The public key of the content's first certificate; one of them all must be good now."""
        try:
            found = x509.load_pem_x509_certificates(content)
            key = found[0].public_key()
        except UNREADABLE:
            raise self.refuse(
                "holds no certificate in PEM; name a file of `aibox certs make` or of your own "
                "authority"
            ) from None
        self._require_in_time(found)
        return key

    def public_half(self, content: bytes) -> PublicKeyTypes:
        """Of the private key in the content."""
        try:
            return serialization.load_pem_private_key(content, None).public_key()
        except TypeError:
            raise self.refuse("is protected by a password; name a key without one") from None
        except UNREADABLE:
            raise self.refuse(
                "holds no private key in PEM; name the one that was made with the certificate"
            ) from None

    def refuse(self, why: str) -> InvalidRequest:
        """The error that says `why` of this file."""
        return InvalidRequest(f"the file of {self.setting}, {self.path}, {why}")

    def _require_in_time(self, found: list[x509.Certificate]) -> None:
        now = datetime.now(UTC)
        if any(c.not_valid_before_utc <= now < c.not_valid_after_utc for c in found):
            return
        first = found[0]
        if now < first.not_valid_before_utc:
            raise self.refuse(
                f"holds a certificate that begins on {first.not_valid_before_utc:%Y-%m-%d %H:%M} "
                "UTC; check this machine's clock"
            )
        raise self.refuse(
            f"holds a certificate that ended on {first.not_valid_after_utc:%Y-%m-%d}; renew it, "
            "for instance with `aibox certs make --force`"
        )
