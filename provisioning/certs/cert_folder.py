"""The folder that holds an authority and what it has signed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from provisioning.certs.authority import Authority
from provisioning.certs.certified_key import CertifiedKey
from serving.domain.disk import sync
from serving.domain.errors import InvalidRequest
from serving.rpc.pem_file import UNREADABLE

CERTIFICATE, KEY = ".pem", ".key"
_PRIVATE, _PUBLIC = 0o600, 0o644


@dataclass(frozen=True, slots=True)
class Pair:
    """Where a certificate and its key lie."""

    certificate: Path
    key: Path

    @property
    def taken(self) -> bool:
        return self.certificate.exists() or self.key.exists()


class CertFolder:
    """`ca`, `server` and `client-NAME`, each as `.pem` (for anyone) and `.key` (mode 0600)."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.authority = self._pair("ca")
        self.server = self._pair("server")

    def client(self, name: str) -> Pair:
        """The files of one client."""
        return self._pair(f"client-{name}")

    def prepare(self) -> None:
        """Makes the folder, for its owner alone, where it is not there. Raises InvalidRequest."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(self.root, error) from None

    def read_authority(self) -> Authority | None:
        """The authority of this folder, if it has one.

        Raises InvalidRequest where its files are there and cannot be used.
        """
        return _read_authority(self.authority) if self.authority.taken else None

    def save(self, pair: Pair, made: CertifiedKey) -> None:
        """Writes both files, whole or not at all. Raises InvalidRequest where it cannot."""
        try:
            key = _scratch(pair.key, made.key_pem, _PRIVATE)
            certificate = _scratch(pair.certificate, made.certificate_pem, _PUBLIC)
            # A running box takes neither file until both belong together.
            key.rename(pair.key)
            certificate.rename(pair.certificate)
            sync(self.root)
        except OSError as error:
            raise _unwritable(self.root, error) from None

    def _pair(self, stem: str) -> Pair:
        return Pair(self.root / f"{stem}{CERTIFICATE}", self.root / f"{stem}{KEY}")


def _scratch(target: Path, content: bytes, mode: int) -> Path:
    path = target.with_name(f".{target.name}.new")
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        os.fchmod(file.fileno(), mode)  # whatever the umask is
    sync(path)
    return path


def _read_authority(pair: Pair) -> Authority:
    try:
        certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
        key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
        belongs = key.public_key() == certificate.public_key()
    except OSError as error:
        raise InvalidRequest(
            f"the authority in {pair.certificate.parent} cannot be read ({error.strerror}); "
            "put ca.pem and ca.key back, or choose an empty folder"
        ) from None
    except (*UNREADABLE, TypeError):
        raise _no_authority(pair) from None
    if not belongs or not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _no_authority(pair)
    return Authority(CertifiedKey(certificate, key))


def _no_authority(pair: Pair) -> InvalidRequest:
    return InvalidRequest(
        f"{pair.certificate.name} and {pair.key.name} in {pair.certificate.parent} are not an "
        "authority made by `aibox certs make`; choose an empty folder"
    )


def _unwritable(folder: Path, error: OSError) -> InvalidRequest:
    return InvalidRequest(
        f"{folder} cannot be written ({error.strerror}); name another folder with --dir"
    )
