"""How far the switch under way has come, for those who wait for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StageReport:
    """The share done (0..1) of a stage and its name."""

    share: float = 0.0
    stage: str = ""


class Stage:
    """Told by whoever works, read by whoever waits; one switch runs at a time."""

    def __init__(self) -> None:
        self.now = StageReport()

    def __call__(self, share: float, stage: str) -> None:
        self.now = StageReport(share, stage)
