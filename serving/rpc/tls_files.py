"""Reads certificate files so that TLS can use them, whole and checked."""

from __future__ import annotations

from dataclasses import dataclass, field

from serving.rpc.pem_file import PemFile


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate chain and its key, as PEM."""

    chain: bytes
    key: bytes = field(repr=False)


def read_key_pair(cert: PemFile, key: PemFile) -> KeyPair:
    """A chain, its holder's certificate first, and the key.

    Raises InvalidRequest where a file cannot be read or is none of its kind, where the key is not
    the certificate's, and where the certificate has ended or has not begun.
    """
    chain, secret = cert.read(), key.read()
    if key.public_half(secret) != cert.certified_key(chain):
        raise key.refuse(f"is not the key of the certificate {cert.path}; name both of one pair")
    return KeyPair(chain, secret)


def read_authorities(ca: PemFile) -> bytes:
    """Certificates of authorities to trust, as PEM. Raises InvalidRequest as `read_key_pair`."""
    content = ca.read()
    ca.certified_key(content)
    return content
