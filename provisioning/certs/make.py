"""The use case of `aibox certs make`: what to sign, what to leave alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from provisioning.certs.authority import Authority
from provisioning.certs.cert_folder import CertFolder, Pair
from provisioning.certs.certified_key import CertifiedKey
from provisioning.certs.facts import read_facts
from provisioning.certs.host_names import host_names
from serving.domain.errors import InvalidRequest

DEFAULT_DAYS = 397


class CertRequest(BaseModel):
    """Which certificates to make in `folder`.

    The server's is made where hosts are named, where there is none yet, and where nothing else is
    asked for; one that is renewed without hosts keeps its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    hosts: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    days: int = Field(default=DEFAULT_DAYS, ge=1, le=3650)
    force: bool = False


class MadeCerts(BaseModel):
    """What was written, as absolute paths."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    authority: Path
    authority_key: Path
    new_authority: bool
    server: Path
    server_key: Path
    new_server: bool
    hosts: tuple[str, ...]
    clients: tuple[Path, ...]
    """The clients' certificates; each key lies beside its own as `.key`."""


def make_certs(request: CertRequest) -> MadeCerts:
    """Signs what is asked for; the authority is reused where it is there, never overwritten.

    Everything is signed before the first file is written. Raises InvalidRequest, also where a file
    is there already and `force` is not set.
    """
    folder = CertFolder(request.folder)
    wants_server = bool(request.hosts) or not request.clients or not folder.server.taken
    hosts = _hosts(request, folder)
    former = folder.read_authority()
    authority = former or Authority.make()
    signed = _sign_clients(authority, request, folder)
    if wants_server:
        signed[folder.server] = authority.issue_server(hosts, request.days)
    if not request.force:
        _refuse_taken(signed)
    if former is None:
        signed = {folder.authority: authority.own, **signed}
    folder.prepare()
    for pair, made in signed.items():
        folder.save(pair, made)
    return MadeCerts(
        authority=folder.authority.certificate,
        authority_key=folder.authority.key,
        new_authority=former is None,
        server=folder.server.certificate,
        server_key=folder.server.key,
        new_server=wants_server,
        hosts=hosts,
        clients=tuple(folder.client(name).certificate for name in request.clients),
    )


def _sign_clients(
    authority: Authority, request: CertRequest, folder: CertFolder
) -> dict[Pair, CertifiedKey]:
    return {
        folder.client(name): authority.issue_client(name, request.days) for name in request.clients
    }


def _hosts(request: CertRequest, folder: CertFolder) -> tuple[str, ...]:
    if not request.hosts and folder.server.certificate.exists():
        return read_facts(folder.server.certificate).names
    return host_names(request.hosts)


def _refuse_taken(pairs: Iterable[Pair]) -> None:
    for pair in pairs:
        if pair.taken:
            raise InvalidRequest(
                f"{pair.certificate} is there already; renew it with --force, or name another "
                "folder with --dir"
            )
