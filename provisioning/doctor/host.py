"""What the doctor looks at, and what the box would need of it."""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


def _file_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def _affinity() -> set[int]:
    return os.sched_getaffinity(0)


def _free_bytes(path: Path) -> int:
    return shutil.disk_usage(path).free


@dataclass(frozen=True, slots=True)
class Host:
    """Where the kernel tells about the machine; other folders stand in for it in tests."""

    proc: Path = Path("/proc")
    sysfs: Path = Path("/sys")
    shm: Path = Path("/dev/shm")
    affinity: Callable[[], set[int]] = field(default=_affinity)
    file_limit: Callable[[], int] = field(default=_file_limit)
    free_bytes: Callable[[Path], int] = field(default=_free_bytes)

    def text(self, path: Path) -> str:
        """A file's content, empty where it cannot be read."""
        try:
            return path.read_text("utf-8", "replace").strip()
        except OSError:
            return ""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a part of the box would listen."""

    name: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Needs:
    """What the box would need; GiB."""

    state_dir: Path
    addresses: tuple[Address, ...]
    min_free_disk_gb: float = 2.0
    min_memory_gb: float = 4.0
    good_memory_gb: float = 16.0
    min_shm_gb: float = 0.25
    min_open_files: int = 4096
