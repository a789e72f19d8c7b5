"""The certificate that the admin API shows, renewed without a restart."""

from __future__ import annotations

import ssl

from serving.domain.errors import InvalidRequest
from serving.rpc.tls_files import read_key_pair
from serving.rpc.tls_settings import KeyPairSettings
from serving.rpc.tls_watch import Watched

SETTING = "admin.tls"


def admin_context(tls: KeyPairSettings) -> ssl.SSLContext:
    """For all connections of one server, TLS 1.2 and 1.3.

    Before each handshake changed files are looked for, and a context of their own takes its
    place: a half-loaded pair is never shown, as it would be by loading into the live one. Raises
    InvalidRequest where the files cannot be used.
    """
    watched = Watched(SETTING, tls.files, lambda: _context(tls))

    # OpenSSL asks at every client hello, whether or not it names a host.
    def choose(connection: ssl.SSLObject, _host: str | None, _context: ssl.SSLContext) -> None:
        connection.context = watched.current()

    first = watched.current()
    first.sni_callback = choose
    return first


def _context(tls: KeyPairSettings) -> ssl.SSLContext:
    read_key_pair(*tls.pair(SETTING))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(tls.cert, tls.key)
    except (OSError, ssl.SSLError):
        # They changed since they were read, or OpenSSL refuses what is well-formed.
        raise InvalidRequest(
            f"the certificate and key of {SETTING}, {tls.cert} and {tls.key}, are refused by "
            "OpenSSL; make new ones with `aibox certs make`"
        ) from None
    return context
