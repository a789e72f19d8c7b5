"""The admin port with TLS, by a real uvicorn."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from fastapi import FastAPI

from appliance.admin.server import AdminServer
from appliance.admin.tls import admin_context
from appliance.ports import listen
from serving.domain.errors import InvalidRequest
from serving.rpc.tls_settings import KeyPairSettings
from tests.integration.tls.conftest import Certs

Shown = Callable[..., int]


@contextmanager
def serving(certs: Certs, *, tls: bool = True) -> Iterator[int]:
    """A small app on a free port."""
    app = FastAPI()
    app.get("/")(lambda: {"fine": True})
    server = certs.folder.server
    context = admin_context(KeyPairSettings(cert=server.certificate, key=server.key))
    sock = listen("127.0.0.1", 0)
    with AdminServer(app, sock, context if tls else None):
        yield sock.getsockname()[1]


def trusting(certs: Certs) -> httpx.Client:
    context = ssl.create_default_context(cafile=certs.ca)
    return httpx.Client(verify=context, timeout=10, trust_env=False)


def test_a_client_that_trusts_the_authority_gets_in(certs: Certs) -> None:
    with serving(certs) as port, trusting(certs) as http:
        assert http.get(f"https://127.0.0.1:{port}/").json() == {"fine": True}
        assert http.get(f"https://localhost:{port}/").json() == {"fine": True}


def test_a_client_of_another_authority_or_in_the_clear_does_not(certs: Certs, other: Certs) -> None:
    with serving(certs) as port, trusting(other) as http:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            http.get(f"https://127.0.0.1:{port}/")
        with pytest.raises(httpx.TransportError):
            http.get(f"http://127.0.0.1:{port}/")


def test_without_tls_it_is_as_before(certs: Certs) -> None:
    with serving(certs, tls=False) as port, trusting(certs) as http:
        assert http.get(f"http://127.0.0.1:{port}/").json() == {"fine": True}


def test_a_renewed_certificate_is_shown_without_a_restart(certs: Certs, shown: Shown) -> None:
    with serving(certs) as port, trusting(certs) as standing:
        standing.get(f"https://127.0.0.1:{port}/")
        before = certs.serial
        assert shown(port, certs, alpn="http/1.1") == before
        for _ in range(3):
            certs.renew()
            assert shown(port, certs, alpn="http/1.1") == certs.serial != before
            with trusting(certs) as fresh:
                assert fresh.get(f"https://localhost:{port}/").json() == {"fine": True}
        assert standing.get(f"https://127.0.0.1:{port}/").json() == {"fine": True}


def test_a_broken_renewal_keeps_the_old_certificate_and_is_told_once(
    certs: Certs, shown: Shown, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(certs) as port:
        before = certs.serial
        with caplog.at_level(logging.ERROR):
            certs.folder.server.key.write_bytes(b"garbage")
            for _ in range(3):
                assert shown(port, certs, alpn="http/1.1") == before
        assert [r.getMessage() for r in caplog.records if "admin.tls" in r.getMessage()] == [
            caplog.records[0].getMessage()
        ]
        certs.renew()
        assert shown(port, certs, alpn="http/1.1") == certs.serial != before


def test_an_expired_certificate_is_refused_at_start(certs: Certs) -> None:
    certs.expire()
    with pytest.raises(InvalidRequest, match=r"admin\.tls\.cert.* ended on"), serving(certs):
        pass
