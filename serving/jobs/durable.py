"""Making whole folders survive a power cut, and removing folders."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from serving.domain.disk import sync


def seal_tree(folder: Path) -> None:
    """Makes everything under `folder` private and flushes it, and `folder` itself, to the disk."""
    for root, folders, names in os.walk(folder):
        for name in folders:
            Path(root, name).chmod(0o700)
        for name in names:
            Path(root, name).chmod(0o600)
            sync(Path(root, name))
        sync(Path(root))


def private_folder(path: Path) -> Path:
    """Makes the folder, for this user's eyes only."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def create_private(path: Path) -> BinaryIO:
    """A new file for this user's eyes only, unbuffered. Raises FileExistsError."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "wb", buffering=0)


def remove_tree(folder: Path) -> None:
    """Removes the folder and what is in it; nothing happens where it is gone already."""
    shutil.rmtree(folder, ignore_errors=True)


def remove_tree_at_once(folder: Path, aside: Path) -> None:
    """As `remove_tree`, moving it to the free name `aside` first: nobody sees half of it."""
    with contextlib.suppress(FileNotFoundError):
        folder.rename(aside)
    remove_tree(aside)


def tree_bytes(folder: Path) -> int:
    """Size of all files under the folder; files that vanish meanwhile count as nothing.

    A file of several names counts once.
    """
    linked = {}
    total = 0
    for found in _stats(folder):
        if found.st_nlink > 1:
            linked[found.st_dev, found.st_ino] = found.st_size
        else:
            total += found.st_size
    return total + sum(linked.values())


def _stats(folder: Path) -> Iterator[os.stat_result]:
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                yield Path(root, name).lstat()
            except FileNotFoundError:
                continue
