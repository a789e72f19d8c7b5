"""Finds model versions in the repositories and checks their files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from serving.domain.errors import CorruptModel
from serving.domain.manifest import MANIFEST_NAME, ModelFile, ModelManifest, Variant, read_manifest
from serving.domain.model_set import ModelSet, ServedVersion


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version found: its folder and what it says of itself."""

    folder: Path
    manifest: ModelManifest
    manifest_sha256: str

    @classmethod
    def read(cls, folder: Path) -> ModelVersion:
        """The version in a folder. Raises CorruptModel."""
        return cls(folder, read_manifest(folder), _sha256(folder / MANIFEST_NAME))

    @property
    def pin(self) -> ServedVersion:
        """This version, pinned to its manifest."""
        name, number = self.key
        return ServedVersion(name=name, version=number, manifest_sha256=self.manifest_sha256)

    @property
    def key(self) -> tuple[str, int]:
        return self.manifest.name, self.manifest.version

    def model_path(self, variant: str) -> Path:
        return self.folder / self.manifest.variants[variant].model

    def file_bytes(self, variant: str) -> int:
        """Size of the variant's files."""
        files = self.manifest.variants[variant].files
        return sum((self.folder / file.path).stat().st_size for file in files)

    def verify(self, variant: str) -> None:
        """Compares every file of the variant with its digest. Raises CorruptModel."""
        chosen = self.manifest.variants[variant]
        _check_lists_model(chosen, variant)
        self.verify_files(chosen.files)

    def verify_files(self, files: Iterable[ModelFile]) -> None:
        """The same for some of its files."""
        for file in files:
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

    def only(self, model_set: ModelSet) -> Catalog:
        """Of all this, the versions of the set; one that is gone or changed is refused."""
        found = {version.pin: version for version in self.versions}
        missing = [pin for pin in model_set.versions if pin not in found]
        reason = "the set names it, and it is gone or not as it was verified"
        return Catalog(
            tuple(found[pin] for pin in model_set.versions if pin in found),
            tuple(RefusedVersion(pin.name, str(pin.version), reason) for pin in missing),
        )


def find_numbered(repositories: Sequence[Path], name: str, number: int) -> ModelVersion:
    """A version, in the first repository that holds it. Raises CorruptModel."""
    folders = (repository / name / str(number) for repository in repositories)
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None:
        raise CorruptModel(f"the folder of {name} version {number} is gone; import it again")
    return ModelVersion.read(folder)


def find_pinned(repositories: Sequence[Path], pin: ServedVersion) -> ModelVersion:
    """The version of a set. Raises CorruptModel also where its manifest is not the verified one."""
    version = find_numbered(repositories, *pin.key)
    if version.pin != pin:
        raise CorruptModel(
            f"the manifest of {pin.name} version {pin.version} differs from the one that was "
            "verified; import the model again"
        )
    return version


def scan(repositories: Sequence[Path]) -> Catalog:
    """Reads every `<repository>/<model>/<int>/model.toml`; a broken one does not stop the rest.

    A version that two repositories hold is taken from the first.
    """
    found: dict[tuple[str, int], ModelVersion] = {}
    refused: list[RefusedVersion] = []
    for folder in _version_folders(repositories):
        try:
            version = ModelVersion.read(folder)
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
