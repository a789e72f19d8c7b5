"""The ladder: tries INT8 variants, the fastest kind first, and stops at the first that holds.

The search asks of a variant that it loses less than the limit on validation data; the verdict is
the bootstrap's bound on held-out data. On one patient of 245 slices that bound is as wide as the
limit, so asking for it twice refused variants that had lost nothing. So that none passes by luck,
the held-out data is shown to few variants, and the manifest says to how many.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioning.quantise.accuracy_control import accuracy_control
from provisioning.quantise.candidate_file import discard, keep, kernels, save
from provisioning.quantise.execution_graph import KernelCount
from provisioning.quantise.gate import Gates, all_hold, in_words
from provisioning.quantise.judging import Judging
from provisioning.quantise.mixed import mixed
from provisioning.quantise.post_training import constants_of, post_training
from provisioning.quantise.stage import within
from provisioning.quantise.workbench import REFERENCE_HINT, Candidate, RungKind, Workbench
from serving.domain.errors import InvalidRequest
from serving.domain.provenance import Rung
from serving.domain.slices import Progress

Kinds = Sequence[tuple[str, RungKind]]
KINDS: Kinds = (
    ("int8_ptq", post_training),
    ("int8_accuracy_control", accuracy_control),
    ("int8_mixed", mixed),
)
MOST_LOOKS = 4
"""INT8 variants that are shown the held-out data at most."""
LEAST_INT8_SHARE = 0.5
"""A variant that runs less of its multiply-accumulates in INT8 is not worth its risk."""


@dataclass(frozen=True, slots=True)
class Climb:
    """Every variant tried, and the IR, precision, verdict and kernels of the one kept."""

    rungs: tuple[Rung, ...]
    kept: Path | None = None
    hint: str = REFERENCE_HINT
    gates: Gates = ()
    kernels: KernelCount | None = None

    @property
    def looks(self) -> int:
        """INT8 variants that were shown the held-out data."""
        return looks_of(self.rungs)


def looks_of(rungs: Sequence[Rung]) -> int:
    """How many of them were shown the held-out data."""
    return sum(bool(rung.gates) for rung in rungs)


class Ladder:
    """Climbs in a version's folder; what is refused leaves no file there."""

    def __init__(self, judging: Judging, folder: Path) -> None:
        self._judging = judging
        self._folder = folder
        self._rungs: list[Rung] = []
        self._tried: set[tuple[str, str]] = set()

    def climb(self, bench: Workbench, report: Progress, kinds: Kinds = KINDS) -> Climb:
        """Tries one candidate after the other. A failure of `report` ends it, nothing kept."""
        try:
            for at, (name, kind) in enumerate(kinds):
                told = within(report, at / len(kinds), (at + 1) / len(kinds), f"{name}: ")
                climbed = self._try_kind(name, kind(bench, within(told, 0.0, 0.6)), told)
                if climbed is not None:
                    return climbed
            return Climb(tuple(self._rungs))
        finally:
            discard(self._folder)

    def _try_kind(
        self, name: str, candidates: Iterator[Candidate], report: Progress
    ) -> Climb | None:
        try:
            for candidate in candidates:
                if not self._is_new(candidate):
                    continue
                if looks_of(self._rungs) == MOST_LOOKS:
                    self._refuse(name, f"not tried: held-out data was shown to {MOST_LOOKS} others")
                    return None
                climbed = self._try(candidate, within(report, 0.6, 1.0))
                if climbed is not None:
                    return climbed
        except InvalidRequest as error:  # of this network under this method; others may work
            self._refuse(name, f"not made: {error.message}")
        return None

    def _is_new(self, candidate: Candidate) -> bool:
        """False for a network that an earlier rung made too: accuracy control may find no fault."""
        own = (constants_of(candidate.model), candidate.hint)
        known = own in self._tried
        self._tried.add(own)
        return not known

    def _try(self, candidate: Candidate, report: Progress) -> Climb | None:
        path = save(candidate, self._folder)
        count = kernels(path, candidate.hint)
        if count.int8_share < LEAST_INT8_SHARE:
            why = f"{candidate.how}; only {count.int8_share:.0%} of its arithmetic runs in INT8"
            self._refuse(candidate.rung, why)
            return None
        seen, median_ms = self._judging.on_validation(path, candidate.hint, within(report, 0, 0.5))
        drop = max(gate.drop_points for gate in seen)
        if drop >= self._judging.limit_points:
            why = f"{candidate.how}; it loses that on validation data; no look at held-out data"
            self._refuse(candidate.rung, why, drop, median_ms=median_ms)
            return None
        gates = self._judging.on_held_out(path, candidate.hint, within(report, 0.5, 1.0))
        if not all_hold(gates):
            why = (
                f"{candidate.how}; held on validation data, but on held-out data {in_words(gates)}"
            )
            self._refuse(candidate.rung, why, drop, gates, median_ms)
            return None
        why = f"{candidate.how}; on held-out data {in_words(gates)}"
        self._record(candidate.rung, why, drop, gates, median_ms, kept=True)
        return Climb(tuple(self._rungs), keep(self._folder), candidate.hint, gates, count)

    def _refuse(
        self,
        name: str,
        reason: str,
        drop: float | None = None,
        gates: Gates = (),
        median_ms: float | None = None,
    ) -> None:
        self._record(name, reason, drop, gates, median_ms, kept=False)

    def _record(
        self,
        name: str,
        reason: str,
        drop: float | None,
        gates: Gates,
        median_ms: float | None,
        kept: bool,
    ) -> None:
        self._rungs.append(
            Rung(
                name=name,
                drop_on_validation_points=drop,
                gates=gates,
                median_ms=median_ms,
                kept=kept,
                reason=reason,
            )
        )
