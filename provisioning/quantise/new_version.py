"""A new version of a model with an INT8 variant, made from one that is there."""

from __future__ import annotations

import shutil
from pathlib import Path

from provisioning.card import write_card
from provisioning.importer.staging import publish, staging
from provisioning.manifest_file import model_file, write_manifest
from provisioning.quantise.order import QuantiseOrder
from provisioning.quantise.request import QuantiseRequest
from provisioning.quantise.stage import within
from provisioning.sandbox import Limits, run_step
from provisioning.self_test import record
from serving.domain.errors import CorruptModel
from serving.domain.manifest import ModelManifest, read_manifest
from serving.domain.slices import Progress

INT8 = "int8"
STEP = "quantise"
WALL_S = 4 * 3600.0
"""The ladder runs the network some thousand times; a large one takes hours on few cores."""
_NOTES = ("*.md", "metrics.json")
_VARIANTS_DONE = 0.95
"""Share of the work that is done before the self-test is recorded."""


def quantise_version(
    source: Path, version: int, request: QuantiseRequest, repository: Path, report: Progress
) -> Path:
    """Copies the version in the folder `source`, adds INT8, publishes it as number `version`.

    Returns the new folder in `repository`. A failure, or what `report` raises, leaves the
    repository as it was. Raises InvalidRequest, CorruptModel, VersionExists or DeadlineExceeded.
    """
    found = read_manifest(source)
    variants = {name: each for name, each in found.variants.items() if name != INT8}
    changed = {"version": version, "variants": variants, "default_variant": next(iter(variants))}
    asked = _asked(source, found)
    without = {"quantisation": None, "self_test": None}
    manifest = ModelManifest(**{**dict(found), **changed, **without})
    with staging(repository) as places:
        _copy(source, manifest, places.version)
        order = QuantiseOrder(
            folder=places.version.absolute(), manifest=manifest, request=_absolute(request)
        )
        made = run_step(
            STEP, order, ModelManifest, Limits(wall_s=WALL_S), within(report, 0.0, _VARIANTS_DONE)
        )
        share = within(report, _VARIANTS_DONE, 0.99)
        made = record(places.version, made, asked, Limits(), share).onto(made)
        write_manifest(made, places.version)
        write_card(places.version, made)
        report(1.0, "publishing")
        return publish(places.version, repository, made.name, made.version)


def _copy(source: Path, manifest: ModelManifest, folder: Path) -> None:
    """The files of the variants, compared with their digests, and what was written of them."""
    files = {file.path: file for each in manifest.variants.values() for file in each.files}
    for path, file in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, target)
        if model_file(folder, path) != file:
            raise CorruptModel(
                f"{path} of {manifest.name} differs from the digest in its manifest; "
                "import the model again"
            )
    for pattern in _NOTES:
        for note in source.glob(pattern):
            shutil.copyfile(note, folder / note.name)


def _asked(source: Path, found: ModelManifest) -> Path | None:
    """What the source's own self-test asks; calibration data may be patients' and is not kept."""
    if found.self_test is None:
        return None
    asked = found.self_test.inputs
    if model_file(source, asked.path) != asked:
        raise CorruptModel(
            f"{asked.path} of {found.name} differs from the digest in its manifest; "
            "import the model again"
        )
    return source / asked.path


def _absolute(request: QuantiseRequest) -> QuantiseRequest:
    """The same files, named so that a process elsewhere finds them."""
    paths = {"calibration": request.calibration, "validation": request.validation}
    paths["held_out"] = request.held_out
    update = {name: path.absolute() for name, path in paths.items() if path is not None}
    return request.model_copy(update=update)
