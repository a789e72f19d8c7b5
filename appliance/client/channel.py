"""The connection that the client's calls go through: in the clear, or by TLS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import grpc

from serving.domain.errors import InvalidRequest
from serving.rpc.pem_file import PemFile
from serving.rpc.tls_files import read_authorities, read_key_pair

_OPTIONS: tuple[tuple[str, int | str], ...] = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # A proxy of the environment has no business between a client and its own machine.
    ("grpc.enable_http_proxy", 0),
)


@dataclass(frozen=True, slots=True)
class ChannelOptions:
    """How to know the box, and how to be known by it; empty means a connection in the clear."""

    ca: Path | None = None
    """PEM of the authority that signed the box's certificate; named, TLS is used."""
    cert: Path | None = None
    """This client's own certificate, where the box asks for one (mTLS)."""
    key: Path | None = None
    server_name: str = ""
    """The name in the box's certificate, where the box is reached by another one."""

    @property
    def secure(self) -> bool:
        return self.ca is not None

    @property
    def empty(self) -> bool:
        return self == ChannelOptions()


def open_channel(address: str, options: ChannelOptions | None = None) -> grpc.Channel:
    """A channel to host:port or `unix:PATH`; it connects with the first call.

    Raises InvalidRequest where the options do not belong together or a file cannot be used.
    """
    chosen = options or ChannelOptions()
    if chosen.ca is None:
        if chosen.cert or chosen.key:
            raise InvalidRequest(
                "a client certificate needs TLS; name the authority of the box with --ca too"
            )
        return grpc.insecure_channel(address, options=_OPTIONS)
    names = (("grpc.ssl_target_name_override", chosen.server_name),) if chosen.server_name else ()
    return grpc.secure_channel(
        address, _credentials(chosen.ca, chosen), options=(*_OPTIONS, *names)
    )


def _credentials(ca: Path, options: ChannelOptions) -> grpc.ChannelCredentials:
    authorities = read_authorities(PemFile("--ca", ca))
    if options.cert is None and options.key is None:
        return grpc.ssl_channel_credentials(authorities)
    if options.cert is None or options.key is None:
        raise InvalidRequest("a client certificate and its key go together: --cert and --key")
    pair = read_key_pair(PemFile("--cert", options.cert), PemFile("--key", options.key))
    return grpc.ssl_channel_credentials(authorities, pair.key, pair.chain)
