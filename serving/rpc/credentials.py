"""The certificate that the gRPC port shows, renewed without a restart."""

from __future__ import annotations

import grpc

from serving.rpc.tls_files import read_authorities, read_key_pair
from serving.rpc.tls_settings import GrpcTlsSettings
from serving.rpc.tls_watch import Watched

SETTING = "grpc.tls"


def server_credentials(tls: GrpcTlsSettings) -> grpc.ServerCredentials:
    """For one port of one server, TLS 1.2 and 1.3; with `client_ca` only known clients get in.

    gRPC asks for changed files before each handshake; connections that stand stay as they are.
    Raises InvalidRequest where the files cannot be used.
    """
    watched = Watched(SETTING, tls.files, lambda: _configuration(tls))
    return grpc.dynamic_ssl_server_credentials(
        watched.current(),
        watched.renewed,  # type: ignore[arg-type]  # its stub leaves out None: no change
        require_client_authentication=tls.client_ca is not None,
    )


def _configuration(tls: GrpcTlsSettings) -> grpc.ServerCertificateConfiguration:
    pair = read_key_pair(*tls.pair(SETTING))
    ca = tls.authorities(SETTING)
    return grpc.ssl_server_certificate_configuration(
        [(pair.key, pair.chain)], read_authorities(ca) if ca else None
    )
