"""Holds a version's files against its manifest, and the manifest against what was registered."""

from __future__ import annotations

from pathlib import Path

from serving.domain.errors import CorruptModel
from serving.domain.manifest import ModelManifest
from serving.engine.catalog import ModelVersion


def verify(folder: Path, manifest_sha256: str) -> ModelManifest:
    """Reads every byte of the version; returns its manifest. Raises CorruptModel."""
    version = ModelVersion.read(folder)
    manifest = version.manifest
    if version.manifest_sha256 != manifest_sha256:
        raise CorruptModel(
            f"the manifest of {manifest.name} version {manifest.version} is not the one that was "
            "registered; give the changed model a version of its own"
        )
    for variant in manifest.variants:
        version.verify(variant)
    version.verify_files(manifest.predictor)
    if manifest.self_test is not None:
        version.verify_files((manifest.self_test.inputs, manifest.self_test.outputs))
    return manifest
