"""Pairs in numbers: a candidate against the release that it may replace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from appliance.canary.pair import Pair, Side


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SideSummary(_Part):
    """One release over all pairs; seconds are those of studies done at the first attempt."""

    release: str
    errors: int
    error_rate: float
    median_s: float | None
    p95_s: float | None


class PairSummary(_Part):
    """All studies that two releases have read; a number is None where nothing could be compared."""

    baseline: SideSummary
    candidate: SideSummary
    studies: int
    compared: int
    """Studies whose findings were compared: both sides have results."""
    dice_median: float | None
    dice_p10: float | None
    volume_difference_median_ml: float | None
    """Candidate less baseline."""
    severity_changes: int

    @property
    def error_rate_increase(self) -> float:
        return self.candidate.error_rate - self.baseline.error_rate

    @property
    def latency_ratio(self) -> float | None:
        """Median over median; None where either has none."""
        ours, theirs = self.candidate.median_s, self.baseline.median_s
        return ours / theirs if ours is not None and theirs else None

    @property
    def severity_change_rate(self) -> float:
        return self.severity_changes / self.compared if self.compared else 0.0


def summaries(pairs: Iterable[Pair]) -> tuple[PairSummary, ...]:
    """One for each two releases, by their references."""
    groups: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        groups[pair.baseline.release, pair.candidate.release].append(pair)
    return tuple(summarise(*names, groups[names]) for names in sorted(groups))


def summarise(baseline: str, candidate: str, pairs: Sequence[Pair]) -> PairSummary:
    """The numbers of pairs that are all of these two releases; none at all are fine."""
    found = [pair.agreement for pair in pairs if pair.agreement]
    dices = [each.dice for each in found]
    return PairSummary(
        baseline=_side(baseline, [pair.baseline for pair in pairs]),
        candidate=_side(candidate, [pair.candidate for pair in pairs]),
        studies=len(pairs),
        compared=len(found),
        dice_median=_percentile(dices, 50),
        dice_p10=_percentile(dices, 10),
        volume_difference_median_ml=_percentile([each.volume_difference_ml for each in found], 50),
        severity_changes=sum(each.severity_changed for each in found),
    )


def _side(release: str, sides: Sequence[Side]) -> SideSummary:
    seconds = [side.seconds for side in sides if side.seconds is not None]
    errors = sum(bool(side.error_kind) for side in sides)
    return SideSummary(
        release=release,
        errors=errors,
        error_rate=errors / len(sides) if sides else 0.0,
        median_s=_percentile(seconds, 50),
        p95_s=_percentile(seconds, 95),
    )


def _percentile(values: Sequence[float], percent: float) -> float | None:
    return float(np.percentile(values, percent)) if values else None
