"""The names and addresses that a server certificate stands for."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence

from cryptography import x509

from serving.domain.errors import InvalidRequest

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
"""In every server certificate, so that commands on the box itself can check it too."""

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_MOST_CHARACTERS = 253
"""Of a host name: RFC 1035, section 2.3.4, less the dots of the wire."""


def host_names(hosts: Sequence[str]) -> tuple[str, ...]:
    """`hosts`, or this machine's name where there are none, and the local ones; each once."""
    named = hosts or (socket.gethostname(),)
    return tuple(dict.fromkeys((*named, *LOCAL_HOSTS)))


def general_name(host: str) -> x509.GeneralName:
    """A host as a subject alternative name. Raises InvalidRequest where it is none."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    # Digits and dots alone are an address with a mistake in it, not a name.
    looks_like_address = host.replace(".", "").isdigit()
    if len(host) > _MOST_CHARACTERS or looks_like_address or not _NAME.fullmatch(host):
        raise InvalidRequest(
            f"{host!r} is neither a host name nor an IP address; name it as clients do, for "
            "instance box.radiology.example or 10.0.0.5"
        )
    return x509.DNSName(host.lower())
