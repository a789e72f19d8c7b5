"""Writes `model.toml`, the counterpart of `serving.domain.manifest.read_manifest`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import tomli_w

from serving.domain.manifest import MANIFEST_NAME, ModelFile, ModelManifest

_HEAD = "# Written by `aibox models`; every digest and figure in it was measured, none typed.\n"


def write_manifest(manifest: ModelManifest, folder: Path) -> Path:
    """Writes `<folder>/model.toml`, replacing it only when complete; returns its path.

    Fields that are None or at their default are left out.
    """
    body = manifest.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    path = folder / MANIFEST_NAME
    part = path.with_suffix(".part")
    part.write_text(_HEAD + tomli_w.dumps(body), "utf-8")
    part.replace(path)
    return path


def model_file(folder: Path, path: str) -> ModelFile:
    """A file of the version in `folder` with its digest; `path` is relative to the folder."""
    with (folder / path).open("rb") as stream:
        return ModelFile(path=path, sha256=hashlib.file_digest(stream, "sha256").hexdigest())
