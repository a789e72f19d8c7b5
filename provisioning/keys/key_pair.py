"""A key pair of a vendor: the private key signs bundles, the public one goes to the boxes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from pydantic import StringConstraints, TypeAdapter, ValidationError

from provisioning.keys.small_file import (
    make_private_folder,
    open_plain,
    unwritable,
    write_whole,
)
from serving.domain.errors import InvalidRequest
from serving.domain.manifest import Name

KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
"""The first 16 hex digits of the SHA-256 of the raw public key."""

_MOST_BYTES = 64 * 1024
_PUBLIC_FILE = 0o644
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)
_NAMES: TypeAdapter[str] = TypeAdapter(Name)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The two files of a key pair."""

    key_id: str
    private: Path
    public: Path


def make_key_pair(name: str, folder: Path) -> KeyPair:
    """Makes `<name>.pem` (0600) and `<name>.pub` in a folder, replacing nothing.

    Raises InvalidRequest.
    """
    try:
        _NAMES.validate_python(name)
    except ValidationError:
        raise InvalidRequest(
            "a key's name is lower-case letters, digits, '_', '.' and '-', 64 at most"
        ) from None
    key = Ed25519PrivateKey.generate()
    made = KeyPair(
        key_id(key.public_key()), private=folder / f"{name}.pem", public=folder / f"{name}.pub"
    )
    _write(made, key)
    return made


def _write(made: KeyPair, key: Ed25519PrivateKey) -> None:
    try:
        make_private_folder(made.private.parent)
        write_whole(made.private, _private_pem(key), replace=False)
        try:
            write_whole(made.public, _public_pem(key.public_key()), _PUBLIC_FILE, replace=False)
        except OSError:
            made.private.unlink()
            raise
    except FileExistsError:
        raise InvalidRequest(
            f"there is a key {made.private.stem} in that folder already; choose another name"
        ) from None
    except OSError as error:
        raise unwritable(made.private, error) from None


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """The private key in a PEM file that its owner alone may read. Raises InvalidRequest."""
    content, mode = _read(path)
    if mode & _OTHERS:
        raise InvalidRequest(
            f"others than its owner may open {path.name}; close it with `chmod 600` first"
        )
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except _UNREADABLE:
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidRequest(
            f"{path.name} is no ed25519 private key without a password; `aibox keys make` makes one"
        )
    return key


def read_public_key(path: Path) -> Ed25519PublicKey:
    """The public key in a PEM file. Raises InvalidRequest."""
    content, _ = _read(path)
    try:
        key = serialization.load_pem_public_key(content)
    except _UNREADABLE:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidRequest(
            f"{path.name} is no ed25519 public key; take the .pub that `aibox keys make` wrote"
        )
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """What a key is known by: the first 16 hex digits of the SHA-256 of its raw bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def to_text(raw: bytes) -> str:
    """Base64, as keys and signatures are written."""
    return base64.b64encode(raw).decode("ascii")


def from_text(text: str) -> bytes:
    """The counterpart of `to_text`, for exactly what that writes. Raises ValueError."""
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
    if to_text(raw) != text:
        raise ValueError("base64 with loose bits at its end")
    return raw


def _read(path: Path) -> tuple[bytes, int]:
    """The content, bounded, and the mode of the very file that was read."""
    with open_plain(path) as file:
        try:
            return file.read(_MOST_BYTES), os.fstat(file.fileno()).st_mode
        except OSError as error:
            raise InvalidRequest(f"{path.name} cannot be read: {error.strerror}") from None


def _private_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _public_pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
