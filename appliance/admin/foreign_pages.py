"""Keeps web pages of others from using the admin API through an operator's browser."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from serving.domain.errors import Forbidden

_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
"""A page of another origin may send these and reads nothing of the answer."""
_OWN_SITE = frozenset({"same-origin", "none"})

_FOREIGN = "this request comes from a web page that is not the box's; use the box's own page"
_NAMED = (
    "without a token the admin API answers under its IP address or as localhost; "
    "use one of those, or send a token"
)


def refuse_foreign_pages(method: str, headers: Headers, *, by_name: bool) -> None:
    """Checks a request that a browser may send by itself. Raises Forbidden.

    A changing request must come from the box's own page. Unless `by_name`, the Host must be an
    address or `localhost`: any other name could have been pointed here by whoever owns it (DNS
    rebinding), and would make a foreign page look like the box's own.
    """
    host = headers.get("host", "")
    if not by_name and not _is_address(host):
        raise Forbidden(_NAMED)
    if method in _HARMLESS:
        return
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != host:
        raise Forbidden(_FOREIGN)
    if headers.get("sec-fetch-site", "none") not in _OWN_SITE:
        raise Forbidden(_FOREIGN)


def _is_address(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or bool(ipaddress.ip_address(name))
    except ValueError:
        return False
