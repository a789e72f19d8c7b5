"""Where a version is made before it is one, and how it becomes one."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from serving.domain.disk import sync
from serving.domain.errors import InvalidRequest, VersionExists

_PREFIX = ".staging-"
_LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Staging:
    """Two folders on the repository's own disk: the version to be, and room to work in."""

    version: Path
    work: Path


@contextmanager
def staging(repository: Path) -> Iterator[Staging]:
    """A staging folder inside the repository; gone afterwards, whatever happens.

    What a killed import left behind is removed first. Raises InvalidRequest where the repository
    cannot be written.
    """
    made = not repository.exists()
    try:
        repository.mkdir(parents=True, exist_ok=True)
        root, lock = _begin(repository)
    except OSError as error:
        raise unwritable(error) from None
    try:
        places = Staging(root / "version", root / "work")
        places.version.mkdir()
        places.work.mkdir()
        yield places
    except BrokenPipeError:  # whoever was told of progress has gone
        raise
    except OSError as error:
        raise unwritable(error) from None
    finally:
        shutil.rmtree(root, ignore_errors=True)
        os.close(lock)
        if made:
            with suppress(OSError):  # it holds a version now
                repository.rmdir()


def publish(folder: Path, repository: Path, name: str, version: int) -> Path:
    """Moves a complete version into place, all of it or nothing. Raises VersionExists."""
    home = repository / name
    target = home / str(version)
    _flush(folder)
    made = not home.exists()
    try:
        home.mkdir(exist_ok=True)
        if target.exists() or target.is_symlink():
            raise taken(name, version)
        folder.rename(target)
        sync(home)
        sync(repository)
    except BaseException as error:
        if made:
            with suppress(OSError):
                home.rmdir()
        if isinstance(error, OSError) and target.exists():
            raise taken(name, version) from None
        raise
    return target


def next_version(repository: Path, name: str, wanted: int | None) -> int:
    """The wanted version, or one above the highest there is. Raises VersionExists."""
    present = {int(path.name) for path in (repository / name).glob("*") if path.name.isdecimal()}
    if wanted is None:
        return max(present, default=0) + 1
    if wanted in present:
        raise taken(name, wanted)
    return wanted


def taken(name: str, version: int) -> VersionExists:
    """Says that a version is there already."""
    return VersionExists(
        f"version {version} of {name} is there already, and versions never change; "
        "import without --version to get the next number"
    )


def unwritable(error: OSError) -> InvalidRequest:
    """Says that the repository's disk does not take the version."""
    return InvalidRequest(
        f"the model repository cannot be written: {error.strerror or type(error).__name__}"
    )


def _begin(repository: Path) -> tuple[Path, int]:
    """A staging folder and its lock; one process at a time, lest another sweep it unheld."""
    alone = os.open(repository, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(alone, fcntl.LOCK_EX)
        _sweep(repository)
        root = repository / f"{_PREFIX}{secrets.token_hex(8)}"
        root.mkdir(mode=0o700)
        return root, _hold(root)
    finally:
        os.close(alone)


def _hold(root: Path) -> int:
    """A lock that the kernel frees when this process dies."""
    descriptor = os.open(root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def _sweep(repository: Path) -> None:
    """Removes staging folders whose import has died."""
    for folder in repository.glob(f"{_PREFIX}*"):
        try:
            descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)


def _flush(folder: Path) -> None:
    """Has the kernel write every file to the disk before the version gets its name."""
    for path in (folder, *folder.rglob("*")):
        sync(path)
