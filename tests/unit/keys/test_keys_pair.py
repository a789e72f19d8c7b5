"""A key pair: its files, their modes, and what is no key."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from provisioning.keys import make_key_pair, read_private_key, read_public_key
from provisioning.keys.key_pair import from_text, to_text
from serving.domain.errors import InvalidRequest

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8


def test_the_two_files_belong_together(tmp_path: Path) -> None:
    made = make_key_pair("vendor", tmp_path / "new/keys")
    public = read_public_key(made.public)
    assert read_private_key(made.private).public_key() == public
    assert made.key_id == hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16]
    assert made.private.stat().st_mode & 0o777 == 0o600
    assert made.private.parent.stat().st_mode & 0o777 == 0o700
    assert b"PRIVATE" not in made.public.read_bytes()
    assert sorted(p.name for p in (tmp_path / "new/keys").iterdir()) == ["vendor.pem", "vendor.pub"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
def test_openssl_reads_them(tmp_path: Path) -> None:
    made = make_key_pair("vendor", tmp_path)
    for kind in ([str(made.private)], ["-pubin", "-in", str(made.public)]):
        arguments = kind if kind[0] == "-pubin" else ["-in", *kind]
        subprocess.run(["openssl", "pkey", "-noout", *arguments], check=True)


@pytest.mark.parametrize("taken", ["vendor.pem", "vendor.pub"])
def test_no_key_is_ever_replaced(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("mine")
    with pytest.raises(InvalidRequest, match="there is a key vendor"):
        make_key_pair("vendor", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == "mine"


@pytest.mark.parametrize("name", ["", "../x", "a/b", "A", ".hidden", "a\n", "x" * 65])
def test_a_name_is_a_plain_word(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidRequest, match="a key's name is"):
        make_key_pair(name, tmp_path / "keys")
    assert not any(tmp_path.iterdir())


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidRequest, match="cannot be written"):
        make_key_pair("vendor", tmp_path / "file/keys")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o777])
def test_a_private_key_that_others_can_open_is_not_used(tmp_path: Path, mode: int) -> None:
    made = make_key_pair("vendor", tmp_path)
    made.private.chmod(mode)
    with pytest.raises(InvalidRequest, match="chmod 600"):
        read_private_key(made.private)


def private_pem(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey, word: bytes) -> bytes:
    lock = serialization.BestAvailableEncryption(word) if word else serialization.NoEncryption()
    return key.private_bytes(PEM, PKCS8, lock)


WRONG = {
    "empty": b"",
    "text": b"hello",
    "binary": bytes(range(256)),
    "half": private_pem(ed25519.Ed25519PrivateKey.generate(), b"")[:60],
    "password": private_pem(ed25519.Ed25519PrivateKey.generate(), b"secret"),
    "other kind": private_pem(ec.generate_private_key(ec.SECP256R1()), b""),
    "long": b"-" * 10**6,
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_key_is_refused_without_quoting_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / "k.pem"
    path.write_bytes(WRONG[name])
    path.chmod(0o600)
    with pytest.raises(InvalidRequest, match="no ed25519 private key"):
        read_private_key(path)
    with pytest.raises(InvalidRequest, match="no ed25519 public key"):
        read_public_key(path)


def test_a_private_key_is_no_public_one(tmp_path: Path) -> None:
    """Or an operator would be handed the secret, and nobody would notice."""
    made = make_key_pair("vendor", tmp_path)
    with pytest.raises(InvalidRequest, match=r"take the \.pub"):
        read_public_key(made.private)


@pytest.mark.parametrize("kind", ["missing", "folder", "device", "pipe"])
def test_what_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "k.pem"
    if kind == "folder":
        path.mkdir()
    elif kind == "device":
        path = Path("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(InvalidRequest, match=r"cannot be read|no plain file"):
        read_public_key(path)


@pytest.mark.parametrize("text", ["AB==", "A", "A===", "AA==\n", "ÄA==", "AA=", "-_=="])
def test_base64_has_one_spelling(text: str) -> None:
    with pytest.raises(ValueError, match=r"base64|ASCII"):
        from_text(text)


def test_base64_goes_both_ways() -> None:
    for size in range(70):
        raw = os.urandom(size)
        assert from_text(to_text(raw)) == raw
