"""The most memory that this process has taken since a given moment (proc(5))."""

from __future__ import annotations

import resource
from pathlib import Path

_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")
_RESET_PEAK = "5"


class PeakMemory:
    """Starts anew when made; where the kernel does not allow that, the process's own peak stays."""

    def __init__(self) -> None:
        try:
            _CLEAR.write_text(_RESET_PEAK, encoding="ascii")
        except OSError:
            return

    @property
    def bytes(self) -> int:
        """The peak of the resident set since."""
        try:
            text = _STATUS.read_text(encoding="ascii", errors="replace")
        except OSError:
            text = ""
        for line in text.splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
