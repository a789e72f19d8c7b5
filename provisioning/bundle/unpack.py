"""The files of a bundle, checked one by one, into a folder that is thrown away on any error."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioning.bundle.check_manifest import check_manifest
from provisioning.bundle.contents import BundledFile, BundledModel, Contents
from provisioning.bundle.reader import BundleReader, Sink
from provisioning.keys.small_file import PRIVATE_FILE, PRIVATE_FOLDER
from serving.domain.slices import Progress

Wanted = Callable[[BundledModel, BundledFile], bool]
"""Whether a file is written; all are read and compared with their digests."""


def unpack(
    reader: BundleReader, contents: Contents, folder: Path, wanted: Wanted, report: Progress
) -> None:
    """Reads a bundle to its end, into `<folder>/<name>/<version>/`.

    Raises InvalidRequest or OSError, and then may have written some of it.
    """
    done = 0
    for model, file in contents.members:
        report(done / max(1, contents.size_bytes), f"reading {model.title}")
        home = version_folder(folder, model)
        with _sink(home / file.path if wanted(model, file) else None) as sink:
            reader.copy(model, file, sink)
        done += file.size
    reader.finish()
    for model in contents.models:
        home = version_folder(folder, model)
        if home.is_dir():
            check_manifest(home, model)


def version_folder(folder: Path, model: BundledModel) -> Path:
    """Where a version is in a repository, or in a folder that is laid out like one."""
    return folder / model.name / str(model.version)


@contextmanager
def _sink(target: Path | None) -> Iterator[Sink]:
    if target is None:
        yield lambda chunk: None
        return
    target.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(target, flags, PRIVATE_FILE), "wb") as stream:
        yield stream.write
