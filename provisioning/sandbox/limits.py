"""What a step may use of the machine."""

from __future__ import annotations

import resource
from dataclasses import dataclass, field
from pathlib import Path

GIB = 1024**3
_LEAST_BYTES = 6 * GIB
"""OpenVINO and torch map gigabytes that they never touch."""


def available_bytes(meminfo: Path = Path("/proc/meminfo")) -> int:
    """Memory that the kernel could give now; 0 where it does not say."""
    try:
        lines = meminfo.read_text("ascii").splitlines()
    except OSError:
        return 0
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    return int(fields.get("MemAvailable", "0 kB").split()[0]) * 1024


def _fair_share() -> int:
    return max(_LEAST_BYTES, available_bytes() * 3 // 4)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one step; over them it is ended, and the caller gets one sentence."""

    wall_s: float = 1800.0
    address_space_bytes: int = field(default_factory=lambda: _fair_share())
    """Default: three quarters of the memory that is free when the step begins."""
    file_bytes: int = 32 * GIB
    """Of any one file that the step writes."""
    idle: bool = False
    """Whether the step gets only CPU that nobody else wants, its imports too."""


def apply(address_space_bytes: int, file_bytes: int) -> None:
    """Puts this process under the limits, and lets it leave no core file."""
    resource.setrlimit(resource.RLIMIT_AS, (address_space_bytes, address_space_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
