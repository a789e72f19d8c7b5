"""`make_certs` on real folders: what is written, reused, refused."""

from __future__ import annotations

import ssl
import stat
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.certs.cert_folder import CertFolder
from provisioning.certs.facts import read_facts, read_folder
from provisioning.certs.make import CertRequest, make_certs
from serving.domain.errors import InvalidRequest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "certs"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_and_their_modes(folder: Path) -> None:
    made = make_certs(CertRequest(folder=folder, hosts=("box.example",), clients=("pacs",)))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {
        "ca.pem": 0o644,
        "ca.key": 0o600,
        "server.pem": 0o644,
        "server.key": 0o600,
        "client-pacs.pem": 0o644,
        "client-pacs.key": 0o600,
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert made.new_authority
    assert made.hosts[0] == "box.example"
    assert read_facts(made.server).names == made.hosts


def test_the_authority_is_used_again_and_never_overwritten(folder: Path) -> None:
    first = make_certs(CertRequest(folder=folder))
    before = contents(folder)
    second = make_certs(CertRequest(folder=folder, clients=("pacs",), force=True))
    assert (first.new_authority, second.new_authority) == (True, False)
    after = contents(folder)
    assert {name: after[name] for name in before} == before
    issuer = x509.load_pem_x509_certificate(after["client-pacs.pem"])
    issuer.verify_directly_issued_by(x509.load_pem_x509_certificate(after["ca.pem"]))


@pytest.mark.parametrize(
    "again",
    [
        {},
        {"hosts": ("other.example",)},
        {"clients": ("pacs",)},
        {"clients": ("new", "pacs")},
    ],
)
def test_nothing_is_overwritten_without_force(folder: Path, again: dict[str, object]) -> None:
    make_certs(CertRequest(folder=folder, clients=("pacs",)))
    before = contents(folder)
    with pytest.raises(InvalidRequest, match="is there already; renew it with --force"):
        make_certs(CertRequest.model_validate({"folder": folder, **again}))
    assert contents(folder) == before


def test_a_renewed_server_keeps_its_hosts_and_gets_a_new_key(folder: Path) -> None:
    make_certs(CertRequest(folder=folder, hosts=("box.example", "10.0.0.5")))
    before = contents(folder)
    renewed = make_certs(CertRequest(folder=folder, force=True))
    assert renewed.hosts[:2] == ("box.example", "10.0.0.5")
    after = contents(folder)
    assert after["server.key"] != before["server.key"]
    assert after["ca.pem"] == before["ca.pem"]


@pytest.mark.parametrize("wrong", [{"hosts": ("a b",)}, {"clients": ("../x",)}])
def test_a_request_that_cannot_be_writes_nothing(folder: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        make_certs(CertRequest.model_validate({"folder": folder, **wrong}))
    assert not folder.exists()


@pytest.mark.parametrize("damaged", ["ca.pem", "ca.key"])
@pytest.mark.parametrize("content", [b"", b"garbage", None])
def test_a_damaged_authority_is_refused(folder: Path, damaged: str, content: bytes | None) -> None:
    make_certs(CertRequest(folder=folder))
    if content is None:
        (folder / damaged).unlink()
    else:
        (folder / damaged).write_bytes(content)
    with pytest.raises(InvalidRequest, match="authority"):
        make_certs(CertRequest(folder=folder, clients=("pacs",)))


def test_a_key_of_another_authority_is_refused(folder: Path, tmp_path: Path) -> None:
    make_certs(CertRequest(folder=folder))
    other = CertFolder(tmp_path / "other")
    make_certs(CertRequest(folder=other.root))
    (folder / "ca.key").write_bytes(other.authority.key.read_bytes())
    with pytest.raises(InvalidRequest, match="are not an authority"):
        make_certs(CertRequest(folder=folder, clients=("pacs",)))


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidRequest, match="cannot be written"):
        make_certs(CertRequest(folder=tmp_path / "file" / "certs"))


def test_what_a_killed_run_left_is_no_obstacle(folder: Path) -> None:
    folder.mkdir()
    (folder / ".server.key.new").write_text("half a key")
    make_certs(CertRequest(folder=folder))
    assert not (folder / ".server.key.new").exists()


def test_facts_of_a_folder(folder: Path) -> None:
    make_certs(CertRequest(folder=folder, hosts=("box.example",), clients=("pacs",), days=29))
    ca, client, server = read_folder(folder)
    assert [f.file for f in (ca, client, server)] == ["ca.pem", "client-pacs.pem", "server.pem"]
    assert (ca.is_authority, server.is_authority) == (True, False)
    assert (client.names, server.issuer) == (("pacs",), ca.subject)
    assert (ca.ends_soon(), server.ends_soon()) == (False, True)
    assert server.days_left() == 28
    assert server.days_left(server.not_after) == 0


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n", b"\x00" * 100])
def test_a_file_without_a_certificate_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.pem").write_bytes(content)
    with pytest.raises(InvalidRequest, match=r"x\.pem holds no certificate"):
        read_folder(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(content=st.binary(min_size=1, max_size=40), where=st.integers(0, 500))
def test_damage_is_read_or_refused_never_more(tmp_path: Path, content: bytes, where: int) -> None:
    folder = CertFolder(tmp_path)
    if not folder.authority.taken:
        make_certs(CertRequest(folder=tmp_path))
    der = ssl.PEM_cert_to_DER_cert(folder.authority.certificate.read_text())
    damaged = der[:where] + content + der[where + len(content) :]
    (tmp_path / "damaged.pem").write_text(ssl.DER_cert_to_PEM_cert(damaged))
    with suppress(InvalidRequest):
        read_facts(tmp_path / "damaged.pem")


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="aibox certs make"):
        read_folder(tmp_path)
