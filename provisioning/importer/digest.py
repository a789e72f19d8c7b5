"""The digest of what a version was made from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path


def source_digest(files: Sequence[Path], root: Path) -> str:
    """sha256 of the one file; of the sorted `path sha256` lines, paths under root, of several."""
    if len(files) == 1:
        return _sha256(files[0])
    lines = sorted(f"{path.relative_to(root).as_posix()} {_sha256(path)}" for path in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
