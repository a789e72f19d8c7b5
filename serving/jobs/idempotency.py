"""Keys by which a repeated request finds the job that it made before.

Only digests are kept: a client's key may be made of whatever the client knows of its patient.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping


def study_key(
    sop_instance_uids: Iterable[str], pipeline: str, version: str, release: str = ""
) -> str:
    """The default key: the same images for the same version of the same pipeline.

    `release` is the stable one of the moment, empty where there is none: after a promotion the
    images are analysed anew, while a canary that comes or goes beside it makes no second job.
    """
    kind = ("released", release) if release else ("study",)
    return _digest(*kind, pipeline, version, *sorted(set(sop_instance_uids)))


def twin_key(job_id: str, release: str, role: str) -> str:
    """The key of a job's twin, which no request is ever answered with."""
    return _digest("twin", job_id, release, role)


def client_key(key: str, pipeline: str) -> str:
    """A key that the client chose; it stands for one pipeline, in whatever version."""
    return _digest("client", pipeline, key)


def radiomics_key(header: str, version: str, beside: str, digests: Mapping[str, str]) -> str:
    """The default key of a radiomics job: its header, its files and what lies beside them."""
    files = (part for pair in sorted(digests.items()) for part in pair)
    return _digest("radiomics", header, version, beside, *files)


def _digest(*parts: str) -> str:
    """sha256 over the parts, each led by its length so that no two lists collide."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(f"{len(encoded)}:".encode() + encoded)
    return digest.hexdigest()
