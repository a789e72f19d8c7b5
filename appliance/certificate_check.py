"""Whether the certificates that the settings name can be used, before anything starts."""

from __future__ import annotations

from appliance.settings import Settings
from serving.rpc.tls_files import read_authorities, read_key_pair


def check_certificates(settings: Settings) -> None:
    """Reads every file of `grpc.tls` and `admin.tls`.

    Raises InvalidRequest where one is missing, damaged, of another pair, or out of its time.
    """
    grpc, admin = settings.grpc.tls, settings.admin.tls
    if grpc is not None:
        read_key_pair(*grpc.pair("grpc.tls"))
        ca = grpc.authorities("grpc.tls")
        if ca is not None:
            read_authorities(ca)
    if admin is not None:
        read_key_pair(*admin.pair("admin.tls"))
