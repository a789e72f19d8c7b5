"""The lock of the log, in a file of its own since the log's files are renamed."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

LOCK_NAME = "lock"


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Alone in the folder, among processes and threads; freed by the kernel on death."""
    descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def reading(folder: Path) -> Iterator[None]:
    """No writer meanwhile. A copy that was taken away as evidence may be read-only."""
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)
