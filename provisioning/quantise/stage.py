"""Progress of a part as progress of the whole."""

from __future__ import annotations

from serving.domain.slices import Progress


def within(report: Progress, low: float, high: float, prefix: str = "") -> Progress:
    """A report whose 0..1 is told as `low`..`high`, its stage after `prefix`."""

    def told(share: float, stage: str) -> None:
        report(low + (high - low) * min(max(share, 0.0), 1.0), f"{prefix}{stage}")

    return told
