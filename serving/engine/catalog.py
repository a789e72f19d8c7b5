"""Finds model versions in the repositories and checks their files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from serving.domain.errors import CorruptModel
from serving.domain.manifest import ModelManifest, Variant, read_manifest


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version found: its folder and what it says of itself."""

    folder: Path
    manifest: ModelManifest

    @property
    def key(self) -> tuple[str, int]:
        return self.manifest.name, self.manifest.version

    def model_path(self, variant: str) -> Path:
        return self.folder / self.manifest.variants[variant].model

    def verify(self, variant: str) -> None:
        """Compares every file of the variant with its digest. Raises CorruptModel."""
        chosen = self.manifest.variants[variant]
        _check_lists_model(chosen, variant)
        for file in chosen.files:
            if _sha256(self.folder / file.path) != file.sha256:
                raise CorruptModel(
                    f"{file.path} of {self.manifest.name} version {self.manifest.version} "
                    "differs from the digest in its manifest; import the model again"
                )


@dataclass(frozen=True, slots=True)
class RefusedVersion:
    """A version that is in a repository and is not served; `reason` is one sentence."""

    name: str
    version: str
    reason: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """All versions found, by name and version, and those refused."""

    versions: tuple[ModelVersion, ...]
    refused: tuple[RefusedVersion, ...]


def scan(repositories: Sequence[Path]) -> Catalog:
    """Reads every `<repository>/<model>/<int>/model.toml`; a broken one does not stop the rest.

    A version that two repositories hold is taken from the first.
    """
    found: dict[tuple[str, int], ModelVersion] = {}
    refused: list[RefusedVersion] = []
    for folder in _version_folders(repositories):
        try:
            version = ModelVersion(folder, read_manifest(folder))
        except CorruptModel as error:
            refused.append(RefusedVersion(folder.parent.name, folder.name, error.message))
            continue
        if version.key in found:
            reason = "an earlier repository holds this version too and is served instead"
            refused.append(RefusedVersion(folder.parent.name, folder.name, reason))
        else:
            found[version.key] = version
    return Catalog(tuple(found[key] for key in sorted(found)), tuple(refused))


def _version_folders(repositories: Sequence[Path]) -> Iterator[Path]:
    for repository in repositories:
        folders = (path for path in repository.glob("*/*") if path.name.isdecimal())
        yield from sorted(path for path in folders if path.is_dir())


def _check_lists_model(variant: Variant, name: str) -> None:
    if variant.model not in {file.path for file in variant.files}:
        raise CorruptModel(f"the manifest gives no digest for the model file of variant {name}")


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CorruptModel(f"{path.name} cannot be read: {type(error).__name__}") from None
