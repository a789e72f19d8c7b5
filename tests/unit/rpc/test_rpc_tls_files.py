"""Certificate files as people leave them: each mistake is one sentence."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.certs.make import CertRequest, make_certs
from serving.domain.errors import InvalidRequest
from serving.rpc.pem_file import MOST_BYTES, PemFile
from serving.rpc.tls_files import read_authorities, read_key_pair
from serving.rpc.tls_settings import GrpcTlsSettings, KeyPairSettings

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Files:
    """A good pair, and what to read it by."""

    cert: Path
    key: Path
    ca: Path

    def read(self) -> object:
        return read_key_pair(PemFile("grpc.tls.cert", self.cert), PemFile("grpc.tls.key", self.key))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    made = make_certs(CertRequest(folder=tmp_path / "certs"))
    return Files(made.server, made.server_key, made.authority)


def self_signed(begin: datetime, end: datetime) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "box")])
    certificate = (x509.CertificateBuilder(name, name, key.public_key(), 1, begin, end)).sign(
        key, hashes.SHA256()
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(pem), secret


def refused(files: Files) -> str:
    with pytest.raises(InvalidRequest) as caught:
        files.read()
    assert "\n" not in caught.value.message
    return caught.value.message


def test_a_good_pair_is_read_as_it_is(files: Files) -> None:
    pair = read_key_pair(PemFile("c", files.cert), PemFile("k", files.key))
    assert (pair.chain, pair.key) == (files.cert.read_bytes(), files.key.read_bytes())
    assert "PRIVATE" not in repr(pair)


def test_a_chain_counts_by_its_first_certificate(files: Files) -> None:
    files.cert.write_bytes(files.cert.read_bytes() + files.ca.read_bytes())
    files.read()
    files.cert.write_bytes(files.ca.read_bytes() + files.cert.read_bytes())
    assert "is not the key of the certificate" in refused(files)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda f: f.key.unlink(), "grpc.tls.key.* cannot be read .No such file"),
        (lambda f: f.cert.unlink(), "grpc.tls.cert.* cannot be read .No such file"),
        (lambda f: (f.key.unlink(), f.key.mkdir()), "cannot be read .Is a directory"),
        (lambda f: f.key.write_bytes(b"\x00garbage"), "holds no private key"),
        (lambda f: f.key.write_bytes(f.cert.read_bytes()), "holds no private key"),
        (lambda f: f.cert.write_bytes(b""), "holds no certificate"),
        (lambda f: f.cert.write_bytes(f.key.read_bytes()), "holds no certificate"),
        (lambda f: f.cert.write_bytes(b"x" * (MOST_BYTES + 1)), "is too large"),
        (lambda f: f.key.write_bytes(f.key.read_bytes()[:80]), "holds no private key"),
    ],
)
def test_each_mistake_is_named(files: Files, spoil: Callable[[Files], object], says: str) -> None:
    spoil(files)
    message = refused(files)
    assert re.search(says, message), message


def test_a_file_of_another_user_is_refused(files: Files) -> None:
    files.cert.parent.chmod(0o755)
    for folder in files.cert.parents[1:4]:
        folder.chmod(folder.stat().st_mode | 0o055)
    code = (
        "import os, sys; from pathlib import Path\n"
        "from serving.domain.errors import InvalidRequest\n"
        "from serving.rpc.pem_file import PemFile\n"
        "os.setuid(65534)\n"
        "try: PemFile('grpc.tls.key', Path(sys.argv[1])).read()\n"
        "except InvalidRequest as error: print(error.message)\n"
    )
    if os.geteuid() != 0:
        pytest.skip("another user can be tried by root alone")
    answer = subprocess.run(
        [sys.executable, "-c", code, str(files.key)], capture_output=True, text=True, timeout=60
    )
    assert "cannot be read (Permission denied)" in answer.stdout, answer.stderr


def test_a_key_with_a_password_is_refused(files: Files) -> None:
    key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    assert "protected by a password" in refused(files)


@pytest.mark.parametrize(
    ("begin", "end", "says"),
    [(-2, -1, "ended on 20"), (1, 2, "begins on 20"), (-1, 1, "")],
)
def test_a_certificate_out_of_its_time(files: Files, begin: int, end: int, says: str) -> None:
    now = datetime.now(UTC)
    certificate, key = self_signed(now + begin * DAY, now + end * DAY)
    files.cert.write_bytes(certificate)
    files.key.write_bytes(key)
    if says:
        assert says in refused(files)
    else:
        files.read()


def test_one_authority_of_several_may_have_ended(files: Files) -> None:
    now = datetime.now(UTC)
    ended, _ = self_signed(now - 2 * DAY, now - DAY)
    good = files.ca.read_bytes()
    files.ca.write_bytes(ended + good)
    assert read_authorities(PemFile("--ca", files.ca)) == ended + good
    files.ca.write_bytes(ended)
    with pytest.raises(InvalidRequest, match=r"--ca.* ended on"):
        read_authorities(PemFile("--ca", files.ca))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(content=st.binary(max_size=40), where=st.integers(0, 500), which=st.sampled_from("ck"))
def test_damage_is_read_or_refused_never_more(
    files: Files, content: bytes, where: int, which: str
) -> None:
    path = files.cert if which == "c" else files.key
    good = path.read_bytes()
    first, *lines, last = good.decode().splitlines()
    der = base64.b64decode("".join(lines))
    damaged = base64.b64encode(der[:where] + content + der[where + len(content) :]).decode()
    path.write_text("\n".join((first, damaged, last, "")))
    with suppress(InvalidRequest):
        files.read()
    path.write_bytes(good)


def test_paths_become_absolute_where_the_settings_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tls = GrpcTlsSettings(cert=Path("a.pem"), key=Path("a.key"), client_ca=Path("ca.pem"))
    assert tls.files == (tmp_path / "a.pem", tmp_path / "a.key", tmp_path / "ca.pem")
    assert GrpcTlsSettings.model_validate_json(tls.model_dump_json()) == tls
    assert KeyPairSettings(cert=Path("a"), key=Path("/k")).files == (tmp_path / "a", Path("/k"))
