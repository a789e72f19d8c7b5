"""Result files on their way to disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from appliance.errors import BoxFailed


def target_path(folder: Path, name: str) -> Path:
    """Where a result goes. Raises BoxFailed for a name that would leave the folder."""
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts or not parts.parts:
        raise BoxFailed("the box named a result file outside of the folder; it was not written")
    return folder.joinpath(*parts.parts)


def save_file(target: Path, chunks: Iterable[bytes], sha256: str) -> None:
    """Writes chunks to a file that takes its name when complete. Raises BoxFailed on damage."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}.part")
    digest = hashlib.sha256()
    try:
        with scratch.open("wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
        if sha256 and digest.hexdigest() != sha256:
            raise BoxFailed("a result file arrived damaged; fetch the job again")
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)
