"""What of a bundle is new to this box."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioning.bundle.contents import BundledModel, Contents
from provisioning.bundle.release_file import read_release
from provisioning.bundle.unpack import version_folder
from serving.domain.errors import VersionExists
from serving.domain.manifest import MANIFEST_NAME


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The new and the known. Releases share models: a version that is here already is no error."""

    new: tuple[BundledModel, ...]
    present: tuple[BundledModel, ...]
    release_is_new: bool


def sort_arrivals(
    contents: Contents, repositories: Sequence[Path], state_root: Path, bundle: str
) -> Arrivals:
    """Raises VersionExists: a version is here with other content, or everything is here."""
    present = tuple(m for m in contents.models if _is_present(m, repositories))
    release_is_new = _release_is_new(contents, state_root)
    if len(present) == len(contents.models) and not release_is_new:
        raise VersionExists(f"all that {bundle} holds is on this box already")
    new = tuple(m for m in contents.models if m not in present)
    return Arrivals(new, present, release_is_new)


def _is_present(model: BundledModel, repositories: Sequence[Path]) -> bool:
    for repository in repositories:
        folder = version_folder(repository, model)
        if not (folder.exists() or folder.is_symlink()):
            continue
        if _digest(folder / MANIFEST_NAME) == model.manifest_sha256:
            return True
        raise VersionExists(
            f"version {model.version} of {model.name} is here already with other content, and "
            "versions never change; ask for a bundle with the next version"
        )
    return False


def _release_is_new(contents: Contents, state_root: Path) -> bool:
    if contents.release is None:
        return False
    here = read_release(state_root, contents.release.reference)
    if here is not None and here != contents.release:
        raise VersionExists(
            f"the release {here.reference} is here already with other content, and releases "
            "never change; ask for a bundle with the next version"
        )
    return here is None


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
