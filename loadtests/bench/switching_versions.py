"""Several versions of one network that differ in a single bit of a single weight."""

from __future__ import annotations

import shutil
from pathlib import Path

from provisioning.manifest_file import model_file, write_manifest
from serving.domain.manifest import Variant, read_manifest


def write_versions(source: Path, repository: Path, count: int) -> list[int]:
    """Versions 1 to `count` of the model in `source`, a version's folder; returns their numbers.

    Each has digests of its own, so each is loaded and compiled for itself, and answers as the
    others do, so that a self-test holds.
    """
    for number in range(1, count + 1):
        folder = repository / source.parent.name / str(number)
        shutil.copytree(source, folder)
        for path in folder.glob("*/*.bin"):
            _flip_a_bit(path, number)
        _write_manifest(source, folder, number)
    return list(range(1, count + 1))


def _flip_a_bit(path: Path, number: int) -> None:
    """The lowest bit of the 16-bit weight at this number, from the end: a part in a thousand."""
    data = bytearray(path.read_bytes())
    data[-2 * number] ^= 1
    path.write_bytes(data)


def _write_manifest(source: Path, folder: Path, number: int) -> None:
    manifest = read_manifest(source)
    variants = {name: _redigested(each, folder) for name, each in manifest.variants.items()}
    write_manifest(manifest.model_copy(update={"version": number, "variants": variants}), folder)


def _redigested(variant: Variant, folder: Path) -> Variant:
    files = tuple(model_file(folder, file.path) for file in variant.files)
    return variant.model_copy(update={"files": files})
