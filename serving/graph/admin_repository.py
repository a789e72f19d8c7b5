"""The box's registry as a replica reaches it: the admin API on its Unix socket."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from serving.domain.access import BEARER, Caller, passed_on
from serving.domain.errors import AiboxError, ModelNotReady, error_class
from serving.domain.repository import RepositoryEntry

CHANGE_TIMEOUT_S = 600.0
_LOOK_TIMEOUT_S = 10.0
_AWAY = "the box's registry does not answer; try again later"


class AdminRepository:
    """A ModelRepository (domain) over `run/admin.sock`."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def index(self) -> Sequence[RepositoryEntry]:
        """Every version, served or not. Raises ModelNotReady where the registry is away."""
        found = await self._ask("GET", "/v1/models", _LOOK_TIMEOUT_S, {})
        return [_entry(model["name"], each) for model in found for each in model["versions"]]

    async def load(self, name: str, caller: Caller) -> None:
        """Serves the versions that the policy wants. Raises AiboxError."""
        await self._change(f"/v1/models/{quote(name, safe='')}/load", caller)

    async def unload(self, name: str, caller: Caller) -> None:
        """Serves no version of the model any more. Raises AiboxError."""
        await self._change(f"/v1/models/{quote(name, safe='')}/unload", caller)

    async def _change(self, path: str, caller: Caller) -> None:
        headers = {
            "authorization": f"{BEARER} {passed_on(caller)}",
            "prefer": f"wait={CHANGE_TIMEOUT_S:.0f}",
        }
        await self._ask("POST", path, CHANGE_TIMEOUT_S + _LOOK_TIMEOUT_S, headers)

    async def _ask(self, method: str, path: str, timeout_s: float, headers: dict[str, str]) -> Any:
        transport = httpx.AsyncHTTPTransport(uds=str(self._socket))
        try:
            async with httpx.AsyncClient(transport=transport, timeout=timeout_s) as client:
                answer = await client.request(method, f"http://localhost{path}", headers=headers)
        except httpx.TransportError:
            raise ModelNotReady(_AWAY) from None
        if answer.is_error:
            raise _error(answer)
        return answer.json()


def _entry(name: str, version: dict[str, Any]) -> RepositoryEntry:
    ready = version["state"] == "active"
    reason = "" if ready else version["reason"] or version["state"]
    return RepositoryEntry(name, version["version"], ready, reason)


def _error(answer: httpx.Response) -> AiboxError:
    """The domain error of a problem (RFC 9457); its kind is the class's name in kebab case."""
    try:
        problem = answer.json()
        name = "".join(part.title() for part in problem["type"].rpartition(":")[2].split("-"))
        sentence = str(problem["detail"])
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
        return ModelNotReady(_AWAY)
    kind = error_class(name)
    return ModelNotReady(_AWAY) if kind is None else kind(sentence)
