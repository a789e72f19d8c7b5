"""Small files that matter: keys, trust, releases, who signed what."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from serving.domain.disk import sync
from serving.domain.errors import InvalidRequest

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
"""Non-blocking, or a named pipe would keep us waiting for its writer."""


@contextmanager
def open_plain(path: Path) -> Iterator[BinaryIO]:
    """A file that a person named, to read. Raises InvalidRequest where it is no plain file."""
    try:
        descriptor = os.open(path, _OPEN)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "that is no file name"
        raise InvalidRequest(f"{path.name} cannot be read: {reason}") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InvalidRequest(f"{path.name} is no plain file; name another")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            yield stream
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes, mode: int = PRIVATE_FILE, replace: bool = True) -> None:
    """Writes a file that is there whole once this returns, or not at all.

    Raises FileExistsError where it is there and `replace` is false, and OSError.
    """
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        sync(scratch)
        if replace:
            scratch.replace(path)
        else:
            path.hardlink_to(scratch)  # fails where the name is taken; a rename would not
    finally:
        scratch.unlink(missing_ok=True)
    sync(path.parent)


def make_private_folder(folder: Path) -> None:
    """Makes a folder, and those above it, that their owner alone may enter. Raises OSError."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        sync(path.parent)


def unwritable(path: Path, error: OSError) -> InvalidRequest:
    """Says that a file cannot be written, and why."""
    reason = error.strerror or type(error).__name__
    return InvalidRequest(f"{path} cannot be written: {reason}; free the disk or name another path")
