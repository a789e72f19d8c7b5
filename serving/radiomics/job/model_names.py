"""Which names of models are not free for a training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from serving.domain.errors import CorruptModel
from serving.domain.manifest import MANIFEST_NAME, read_manifest


def taken_names(repositories: Sequence[Path]) -> frozenset[str]:
    """Names under which a repository has a version that was not trained on features."""
    return frozenset(
        folder.parent.parent.name
        for repository in repositories
        for folder in repository.glob(f"*/*/{MANIFEST_NAME}")
        if not _trained_here(folder.parent)
    )


def _trained_here(folder: Path) -> bool:
    try:
        return bool(read_manifest(folder).predictor)
    except CorruptModel:
        return False
