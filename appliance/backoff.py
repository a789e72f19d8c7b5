"""How long to wait before the next try."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubles from `first_s` with every failure in a row, never beyond `longest_s`."""

    first_s: float = 0.5
    longest_s: float = 30.0

    def pause_s(self, failures: int) -> float:
        """The pause after so many failures in a row; none after none."""
        if failures <= 0:
            return 0.0
        return float(min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 30)))
