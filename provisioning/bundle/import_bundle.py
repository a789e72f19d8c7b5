"""Takes a bundle into this box: all that is new in it, or nothing."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from provisioning.bundle.arrivals import Arrivals, sort_arrivals
from provisioning.bundle.contents import BundledModel, Contents
from provisioning.bundle.origin import Origin, origin_path, read_origin, write_origin
from provisioning.bundle.reader import BundleReader, Head, open_bundle
from provisioning.bundle.release_file import write_release
from provisioning.bundle.settings import TrustSettings
from provisioning.bundle.signer import Signer, require_admitted
from provisioning.bundle.unpack import unpack, version_folder
from provisioning.importer.staging import publish, staging
from provisioning.keys import TrustStore
from provisioning.keys.small_file import unwritable
from serving.domain.disk import sync
from serving.domain.slices import Progress


@dataclass(frozen=True, slots=True)
class ImportPlace:
    """The box that takes a bundle in."""

    state_root: Path
    repositories: tuple[Path, ...]
    """All model folders of the box, in each of which a version may be already."""
    settings: TrustSettings

    @property
    def models(self) -> Path:
        """Where the versions go."""
        return self.state_root / "models"


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of it."""

    contents: Contents
    signer: Signer
    sha256: str
    """Of the bundle."""
    arrivals: Arrivals


def import_bundle(path: Path, place: ImportPlace, report: Progress) -> Imported:
    """Signature and trust first, then the files, then the versions in their places.

    A failure, or what `report` raises, leaves the box as it was. Raises InvalidRequest with one
    sentence, and VersionExists.
    """
    with open_bundle(path) as reader:
        head = reader.head(TrustStore.of(place.state_root), place.settings.max_bytes)
        require_admitted(head.signer, place.settings.allow_unsigned, path.name)
        report(0.0, "waiting for other imports")
        with _one_at_a_time(place.state_root):
            arrivals = sort_arrivals(head.contents, place.repositories, place.state_root, path.name)
            return _take_in(reader, head, arrivals, place, report)


@contextmanager
def _one_at_a_time(state_root: Path) -> Iterator[None]:
    """A lock that the kernel frees when this process dies: what is new stays new until placed."""
    try:
        descriptor = os.open(state_root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise unwritable(state_root, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _take_in(
    reader: BundleReader, head: Head, arrivals: Arrivals, place: ImportPlace, report: Progress
) -> Imported:
    new = {model.key for model in arrivals.new}
    with staging(place.models) as places:
        unpack(reader, head.contents, places.work, lambda model, _: model.key in new, report)
        report(1.0, "publishing")
        done = Imported(head.contents, head.signer, reader.sha256, arrivals)
        _settle(done, place, places.work)
    return done


def _settle(done: Imported, place: ImportPlace, work: Path) -> None:
    """Versions, then who vouched for them, then the release; taken back when one fails.

    A box that dies in between keeps whole versions, and a repeat brings the rest.
    """
    with ExitStack() as undo:
        for model in done.arrivals.new:
            _publish(model, place.models, work, undo)
        for model in done.contents.models:
            _record(model, done, place.state_root, undo)
        if done.arrivals.release_is_new and done.contents.release is not None:
            write_release(place.state_root, done.contents.release)
        undo.pop_all()


def _publish(model: BundledModel, models: Path, work: Path, undo: ExitStack) -> None:
    target = publish(version_folder(work, model), models, model.name, model.version)
    undo.callback(_withdraw, target, work)
    sync(target.parent)
    sync(models)


def _withdraw(target: Path, work: Path) -> None:
    """Back into the staging folder, which is about to go."""
    target.rename(work / f"withdrawn-{target.parent.name}-{target.name}")
    with suppress(OSError):  # it holds other versions
        target.parent.rmdir()


def _record(model: BundledModel, done: Imported, state_root: Path, undo: ExitStack) -> None:
    known = read_origin(state_root, model.name, model.version)
    if known is not None and (known.signed or not done.signer.trusted):
        return
    if not version_folder(state_root / "models", model).is_dir():
        return  # it came with the product, in a repository of its own
    trusted = done.signer.trusted
    path = origin_path(state_root, model.name, model.version)
    before = path.read_bytes() if path.is_file() else None
    write_origin(
        state_root,
        Origin(
            name=model.name,
            version=model.version,
            manifest_sha256=model.manifest_sha256,
            bundle_sha256=done.sha256,
            key_id=done.signer.key_id if trusted else None,
            signer=done.signer.name if trusted else None,
            imported_at=datetime.now(UTC),
        ),
    )
    if before is None:
        undo.callback(path.unlink)
