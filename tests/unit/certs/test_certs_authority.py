"""What the private authority signs, judged by a verifier that is not its own."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from hypothesis import given
from hypothesis import strategies as st

from provisioning.certs.authority import AUTHORITY_DAYS, Authority
from provisioning.certs.certified_key import CertifiedKey
from provisioning.certs.host_names import LOCAL_HOSTS, general_name, host_names
from serving.domain.errors import InvalidRequest


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.make()


def policy(authority: Authority) -> PolicyBuilder:
    return PolicyBuilder().store(Store([authority.own.certificate]))


@pytest.mark.parametrize(
    "subject",
    [
        x509.DNSName("box.radiology.example"),
        x509.IPAddress(ipaddress.ip_address("10.0.0.5")),
        x509.IPAddress(ipaddress.ip_address("fd00::5")),
    ],
)
def test_a_server_certificate_holds_for_each_of_its_hosts(
    authority: Authority, subject: x509.DNSName | x509.IPAddress
) -> None:
    made = authority.issue_server(["box.radiology.example", "10.0.0.5", "fd00::5"], 30)
    policy(authority).build_server_verifier(subject).verify(made.certificate, [])


def test_it_holds_for_no_other_host_authority_or_purpose(authority: Authority) -> None:
    made = authority.issue_server(["box.example"], 30).certificate
    other = x509.DNSName("other.example")
    with pytest.raises(VerificationError):
        policy(authority).build_server_verifier(other).verify(made, [])
    with pytest.raises(VerificationError):
        policy(Authority.make()).build_server_verifier(x509.DNSName("box.example")).verify(made, [])
    with pytest.raises(VerificationError):
        policy(authority).build_client_verifier().verify(made, [])


def test_a_client_certificate_names_the_client_and_is_no_server(authority: Authority) -> None:
    made = authority.issue_client("pacs", 30).certificate
    verified = policy(authority).build_client_verifier().verify(made, [])
    assert verified.subjects == [x509.DNSName("pacs")]
    with pytest.raises(VerificationError):
        policy(authority).build_server_verifier(x509.DNSName("pacs")).verify(made, [])


def test_a_certificate_does_not_outlive_its_authority(authority: Authority) -> None:
    made = authority.issue_server(["box.example"], AUTHORITY_DAYS + 100).certificate
    assert made.not_valid_after_utc == authority.own.certificate.not_valid_after_utc


def test_days_count_from_now_and_clocks_may_differ(authority: Authority) -> None:
    made = authority.issue_server(["box.example"], 10).certificate
    now = datetime.now(UTC)
    assert abs(made.not_valid_after_utc - now - timedelta(days=10)) < timedelta(minutes=1)
    assert made.not_valid_before_utc < now - timedelta(minutes=4)


def test_an_authority_that_has_ended_signs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioning.certs.authority.AUTHORITY_DAYS", 0)
    with pytest.raises(InvalidRequest, match="ended on"):
        Authority.make().issue_client("pacs", 1)


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "DOE JANE", "x" * 64, "ä", "a\nb"])
def test_clients_names_are_safe_in_file_names(authority: Authority, name: str) -> None:
    with pytest.raises(InvalidRequest, match="client's name"):
        authority.issue_client(name, 1)


@pytest.mark.parametrize(
    "host", ["", "*", "a b", "a_b", "-a", "a-", "a..b", "10.0.0.256", "10.0.0.5/8", "x" * 64, "a.*"]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(InvalidRequest, match="neither a host name nor an IP address"):
        general_name(host)


@given(st.text(max_size=300))
def test_any_text_is_a_host_or_refused_in_a_sentence(text: str) -> None:
    with suppress(InvalidRequest):
        assert str(general_name(text).value).isascii()


def test_local_hosts_are_always_named_and_none_twice() -> None:
    assert host_names(["box", "127.0.0.1"]) == ("box", "127.0.0.1", "localhost", "::1")
    assert host_names([])[1:] == LOCAL_HOSTS


def test_a_key_is_not_printed(authority: Authority) -> None:
    made: CertifiedKey = authority.issue_client("pacs", 1)
    assert "key" not in repr(made)
