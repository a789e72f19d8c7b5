"""A version's folder as a bundle lists it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from provisioning.bundle.check_manifest import check_manifest
from provisioning.bundle.contents import BundledFile, BundledModel
from provisioning.manifest_file import model_file
from serving.domain.errors import InvalidRequest


def list_version(folder: Path) -> BundledModel:
    """Every file in `<name>/<version>` with its size and digest.

    Raises InvalidRequest, also where the version is not what its manifest says.
    """
    name, version = folder.parent.name, folder.name
    title = f"version {version} of {name}"
    try:
        files = tuple(_file(folder, path) for path in sorted(_paths(folder, title)))
        found = BundledModel(name=name, version=int(version), files=files)
    except OSError as error:
        raise InvalidRequest(f"{title} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise InvalidRequest(f"{title} cannot be bundled: {reason}") from None
    check_manifest(folder, found)
    return found


def _file(folder: Path, path: str) -> BundledFile:
    size = (folder / path).stat().st_size
    return BundledFile(path=path, size=size, sha256=model_file(folder, path).sha256)


def _paths(folder: Path, title: str) -> Iterator[str]:
    for path in folder.rglob("*"):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            yield path.relative_to(folder).as_posix()
        elif not stat.S_ISDIR(mode):
            raise InvalidRequest(f"{title} holds a link or a device; put plain files there")
