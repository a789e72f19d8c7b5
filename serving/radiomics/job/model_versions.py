"""Versions of trained models on disk: `<models>/<name>/<version>/`."""

from __future__ import annotations

from pathlib import Path

from serving.domain.errors import ModelNotFound
from serving.domain.manifest import MANIFEST_NAME


def new_version(models: Path, name: str) -> Path:
    """A new, empty folder for the next version of the model; nobody else gets the same."""
    versions = models / name
    versions.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = max(_numbers(versions), default=0) + 1
    while True:
        folder = versions / str(number)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            number += 1
        else:
            return folder


def version_folder(models: Path, name: str, version: int) -> Path:
    """The folder of a whole version, 0 meaning the newest. Raises ModelNotFound."""
    versions = models / name
    whole = [n for n in _numbers(versions) if (versions / str(n) / MANIFEST_NAME).is_file()]
    if not whole:
        raise ModelNotFound(
            "no model of that name was trained on this box; `aibox radiomics train` makes one"
        )
    if version and version not in whole:
        shown = ", ".join(map(str, sorted(whole)[-10:]))
        raise ModelNotFound(f"the model has no version {version}; it has {shown}")
    return versions / str(version or max(whole))


def _numbers(versions: Path) -> list[int]:
    if not versions.is_dir():
        return []
    return [int(p.name) for p in versions.iterdir() if p.is_dir() and p.name.isdigit()]
