"""Gives a version that is there already a self-test; nothing else of its manifest changes."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from provisioning.manifest_file import write_manifest
from provisioning.sandbox import Limits
from provisioning.self_test.order import Recorded
from provisioning.self_test.record import record
from serving.domain.disk import sync
from serving.domain.errors import InvalidRequest
from serving.domain.manifest import ModelManifest, read_manifest
from serving.domain.slices import Progress
from serving.engine.catalog import ModelVersion


def record_existing(folder: Path, inputs: Path | None, report: Progress) -> Recorded:
    """Records, then writes `model.toml` anew; an earlier self-test is replaced.

    A box that serves the version pins its manifest and has to verify it again. Raises CorruptModel
    where a file is not what the manifest says, InvalidRequest where writing the manifest would
    change more of it than the self-test, and what `record` raises.
    """
    folder = folder.absolute()
    version = ModelVersion.read(folder)
    for variant in version.manifest.variants:
        version.verify(variant)
    plain = version.manifest.model_copy(update={"self_test": None})
    _require_lossless(plain)
    if version.manifest.self_test is not None:  # at no moment does it name files that differ
        _write(plain, folder)
    recorded = record(folder, plain, inputs, Limits(), report)
    if recorded.self_test is None:
        shutil.rmtree(folder / "self_test", ignore_errors=True)
    else:
        _write(recorded.onto(plain), folder)
    return recorded


def _require_lossless(manifest: ModelManifest) -> None:
    """Compares the models before and after, as JSON: a figure may be NaN."""
    with tempfile.TemporaryDirectory(prefix="aibox-manifest-") as scratch:
        copy = Path(scratch) / manifest.name / str(manifest.version)
        copy.mkdir(parents=True)
        write_manifest(manifest, copy)
        if read_manifest(copy).model_dump_json() != manifest.model_dump_json():
            raise InvalidRequest(
                f"model.toml of {manifest.name} says things that would be lost in writing it anew; "
                "import the model again"
            )


def _write(manifest: ModelManifest, folder: Path) -> None:
    sync(write_manifest(manifest, folder))
    sync(folder)
