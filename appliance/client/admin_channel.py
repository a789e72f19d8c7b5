"""HTTP to the admin API: which box, by which way, and what its refusals are."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import httpx

from appliance.client.bearer import chosen_token
from appliance.client.problems import error_in
from appliance.errors import BoxUnreachable, ConfigurationError

_UNIX = "unix:"
_TIMEOUT_S = 60.0


class AdminChannel:
    """Requests to one box: `https://host:port`, `http://host:port`, or `unix:PATH`.

    `token` is sent along, else that of $AIBOX_TOKEN. Raises ConfigurationError where the token
    would go in the clear, or the authority's file `ca` cannot be used.
    """

    def __init__(self, address: str, token: str | None = None, ca: Path | None = None) -> None:
        self.address = address
        secure = address.startswith("https://")
        place = address if address.startswith(_UNIX) else address.partition("://")[2].rstrip("/")
        known = chosen_token(token, place, secure=secure)
        headers = {"authorization": f"Bearer {known}"} if known else {}
        path = address.removeprefix(_UNIX) if address.startswith(_UNIX) else None
        self._client = httpx.Client(
            base_url="http://localhost" if path else address,
            transport=httpx.HTTPTransport(uds=path, verify=_trust(ca)),
            headers=headers,
            timeout=_TIMEOUT_S,
            # A proxy of the environment has no business between a client and its box.
            trust_env=False,
        )

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of an answer. Raises the error that the box tells, BoxUnreachable."""
        return self._json("GET", path, params=query)

    def send(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        """As `get`. With a `key`, a lost answer is asked for again: the box does nothing twice."""
        headers = {"idempotency-key": key} if key else {}
        return self._json(method, path, json=body, headers=headers, again=bool(key))

    def _json(self, method: str, path: str, *, again: bool = False, **request: Any) -> Any:
        try:
            answer = self._client.request(method, path, **request)
        except httpx.ConnectError:
            raise self._nobody() from None
        except httpx.TransportError:
            if again:
                return self._json(method, path, **request)
            raise self._nobody() from None
        if answer.is_error:
            raise error_in(answer.content, answer.status_code)
        return answer.json()

    def _nobody(self) -> BoxUnreachable:
        return BoxUnreachable(
            f"no admin API answers at {self.address}; start a box with `aibox up`, or name its "
            "address with --admin, and the authority of its certificate with --ca where it "
            "speaks TLS"
        )


def _trust(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError):
        raise ConfigurationError(
            f"{ca} is no file with the certificate of an authority; name ca.pem of `aibox certs`"
        ) from None
