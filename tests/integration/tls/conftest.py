"""Certificates of a private authority, and a look at what a port shows."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from provisioning.certs.cert_folder import CertFolder
from provisioning.certs.certified_key import CertifiedKey
from provisioning.certs.make import CertRequest, make_certs


@dataclass(frozen=True)
class Certs:
    """A folder of `aibox certs make` with one client, `pacs`."""

    root: Path

    @property
    def folder(self) -> CertFolder:
        return CertFolder(self.root)

    @property
    def ca(self) -> Path:
        return self.folder.authority.certificate

    @property
    def serial(self) -> int:
        pem = self.folder.server.certificate.read_bytes()
        return x509.load_pem_x509_certificate(pem).serial_number

    def renew(self) -> None:
        """As `aibox certs make --force` does."""
        make_certs(CertRequest(folder=self.root, force=True))

    def expire(self) -> None:
        """Puts a server certificate in place that ended yesterday."""
        authority = self.folder.read_authority()
        assert authority is not None
        good = authority.issue_server(["localhost", "127.0.0.1"], 1)
        now = datetime.now(UTC)
        ended = x509.CertificateBuilder(
            authority.own.certificate.subject,
            good.certificate.subject,
            good.key.public_key(),
            x509.random_serial_number(),
            now - timedelta(days=2),
            now - timedelta(days=1),
        ).sign(authority.own.key, good.certificate.signature_hash_algorithm)
        self.folder.save(self.folder.server, CertifiedKey(ended, good.key))


def make(root: Path) -> Certs:
    make_certs(CertRequest(folder=root, hosts=("127.0.0.1",), clients=("pacs",)))
    return Certs(root)


@pytest.fixture
def certs(tmp_path: Path) -> Certs:
    return make(tmp_path / "certs")


@pytest.fixture
def other(tmp_path: Path) -> Certs:
    """Those of another authority."""
    return make(tmp_path / "other")


@pytest.fixture
def shown() -> Callable[..., int]:
    """The serial number of the certificate that a local port shows, checked by the authority."""

    def look(port: int, certs: Certs, *, alpn: str = "h2", client: bool = False) -> int:
        context = ssl.create_default_context(cafile=certs.ca)
        context.set_alpn_protocols([alpn])
        if client:
            pair = certs.folder.client("pacs")
            context.load_cert_chain(pair.certificate, pair.key)
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
        ):
            der = wrapped.getpeercert(binary_form=True)
        assert der is not None
        return x509.load_der_x509_certificate(der).serial_number

    return look
