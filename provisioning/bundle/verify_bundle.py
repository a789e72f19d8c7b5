"""Looks at a bundle without taking anything in."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from provisioning.bundle.contents import Contents
from provisioning.bundle.reader import open_bundle
from provisioning.bundle.signer import Signer
from provisioning.bundle.unpack import unpack
from provisioning.keys import TrustStore
from serving.domain.errors import InvalidRequest
from serving.domain.manifest import MANIFEST_NAME
from serving.domain.slices import Progress


@dataclass(frozen=True, slots=True)
class Verified:
    """A bundle that is whole, whoever signed it."""

    contents: Contents
    signer: Signer
    sha256: str


def verify_bundle(path: Path, trust: TrustStore, max_bytes: int, report: Progress) -> Verified:
    """Reads every byte of a bundle. Raises InvalidRequest where it is not whole."""
    with open_bundle(path) as reader:
        head = reader.head(trust, max_bytes)
        try:
            with tempfile.TemporaryDirectory(prefix="aibox-bundle-") as scratch:
                unpack(
                    reader,
                    head.contents,
                    Path(scratch),
                    lambda _, file: file.path == MANIFEST_NAME,
                    report,
                )
        except BrokenPipeError:  # whoever was told of progress has gone
            raise
        except OSError as error:
            raise InvalidRequest(
                f"there is no room to check {path.name}: {error.strerror}; free the disk of /tmp"
            ) from None
        return Verified(head.contents, head.signer, reader.sha256)
