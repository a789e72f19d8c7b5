"""The private authority that signs a box's certificates."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from provisioning.certs.certified_key import CertifiedKey, new_key
from provisioning.certs.host_names import general_name
from serving.domain.errors import InvalidRequest

AUTHORITY_DAYS = 3650
_SKEW = timedelta(minutes=5)
"""Certificates count from a little before now: clocks of a hospital differ."""
_CLIENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class Authority:
    """Signs for one box, with SHA-256 and ECDSA P-256; certificates follow RFC 5280.

    A certificate never outlives the authority's own.
    """

    def __init__(self, own: CertifiedKey) -> None:
        self.own = own

    @classmethod
    def make(cls) -> Authority:
        """A new one, good for ten years; two of them never have the same name."""
        key = new_key()
        name = _name(f"aibox CA {secrets.token_hex(4)}")
        public = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        usage = _usage(digital_signature=False, signs_certificates=True)
        builder = (
            _builder(name, name, AUTHORITY_DAYS)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(public, critical=False)
        )
        return cls(CertifiedKey(builder.sign(key, hashes.SHA256()), key))

    def issue_server(self, hosts: Sequence[str], days: int) -> CertifiedKey:
        """For a server that clients reach under any of `hosts`. Raises InvalidRequest."""
        names = x509.SubjectAlternativeName([general_name(host) for host in hosts])
        return self._issue("aibox server", names, ExtendedKeyUsageOID.SERVER_AUTH, days)

    def issue_client(self, name: str, days: int) -> CertifiedKey:
        """For a client that the box is to know as `name`. Raises InvalidRequest."""
        if not _CLIENT_NAME.fullmatch(name):
            raise InvalidRequest(
                "a client's name starts with a letter or digit and has at most 63 letters, "
                "digits, dots, dashes and underscores; choose one like pacs or viewer-2"
            )
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        return self._issue(name, names, ExtendedKeyUsageOID.CLIENT_AUTH, days)

    def _issue(
        self,
        name: str,
        names: x509.SubjectAlternativeName,
        purpose: x509.ObjectIdentifier,
        days: int,
    ) -> CertifiedKey:
        key = new_key()
        authority = self.own.certificate
        last = authority.not_valid_after_utc
        if last <= datetime.now(UTC):
            raise InvalidRequest(
                f"the authority's own certificate ended on {last:%Y-%m-%d}; make a new one in an "
                "empty folder and give its ca.pem to every client"
            )
        identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier.value)
        subject_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = (
            _builder(_name(name), authority.subject, days, last)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(names, critical=False)
            .add_extension(subject_key, critical=False)
            .add_extension(issuer, critical=False)
        )
        return CertifiedKey(builder.sign(self.own.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, days: int, latest: datetime | None = None
) -> x509.CertificateBuilder:
    now = datetime.now(UTC).replace(microsecond=0)
    end = now + timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(min(end, latest) if latest else end)
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "aibox"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(*, digital_signature: bool, signs_certificates: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
