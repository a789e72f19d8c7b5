"""Where the versions of a model are, over all repositories of a box."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from serving.domain.errors import ModelNotFound
from serving.domain.manifest import MANIFEST_NAME


def find_version(repositories: Sequence[Path], name: str, version: int | None) -> Path:
    """The folder of that version, else of the highest. Raises ModelNotFound."""
    found = _folders(repositories, name)
    chosen = max(found, default=None) if version is None else version
    if chosen is None or chosen not in found:
        raise ModelNotFound(f"no such model {name} here; `aibox models list` names those there are")
    return found[chosen]


def next_number(repositories: Sequence[Path], name: str) -> int:
    """One above the highest version that any of the repositories holds."""
    return max(_folders(repositories, name), default=0) + 1


def _folders(repositories: Sequence[Path], name: str) -> dict[int, Path]:
    """By version; where two repositories hold one, the first is served."""
    return {
        int(path.parent.name): path.parent
        for repository in reversed(repositories)
        for path in repository.glob(f"*/*/{MANIFEST_NAME}")
        if path.parent.parent.name == name and path.parent.name.isdecimal()
    }
