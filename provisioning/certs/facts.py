"""What a certificate file says of itself."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from pydantic import BaseModel, ConfigDict

from serving.domain.errors import InvalidRequest
from serving.rpc.pem_file import UNREADABLE

RENEW_WITHIN = timedelta(days=30)


class CertificateFacts(BaseModel):
    """Times are in UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    subject: str
    issuer: str
    names: tuple[str, ...]
    """Host names and addresses, or a client's name."""
    is_authority: bool
    not_before: datetime
    not_after: datetime

    def days_left(self, now: datetime | None = None) -> int:
        """Whole days until it ends; negative once it has ended."""
        return math.floor((self.not_after - (now or datetime.now(UTC))) / timedelta(days=1))

    def ends_soon(self, now: datetime | None = None) -> bool:
        """Whether it has ended or ends within 30 days."""
        return self.not_after - (now or datetime.now(UTC)) < RENEW_WITHIN


def read_folder(folder: Path) -> tuple[CertificateFacts, ...]:
    """Of every `.pem` file in a folder, by name. Raises InvalidRequest where there is none."""
    found = sorted(folder.glob("*.pem"))
    if not found:
        raise InvalidRequest(
            f"{folder} holds no certificate; make some with `aibox certs make --dir {folder}`"
        )
    return tuple(read_facts(path) for path in found)


def read_facts(path: Path) -> CertificateFacts:
    """Of the first certificate in a file. Raises InvalidRequest where it cannot be read."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        return _facts(path.name, certificate)
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read ({error.strerror})") from None
    except UNREADABLE:
        raise InvalidRequest(f"{path} holds no certificate; take it out of the folder") from None


def _facts(file: str, certificate: x509.Certificate) -> CertificateFacts:
    return CertificateFacts(
        file=file,
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        names=_names(certificate),
        is_authority=_is_authority(certificate),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        kind = x509.SubjectAlternativeName
        names = certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in names)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
