"""Keys by which a repeated request finds the job that it made before.

Only digests are kept: a client's key may be made of whatever the client knows of its patient.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping


def study_key(sop_instance_uids: Iterable[str], pipeline: str, version: str) -> str:
    """The default key: the same images for the same version of the same pipeline."""
    return _digest("study", pipeline, version, *sorted(set(sop_instance_uids)))


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
