"""`python -m loadtests.bench.radiomics_extraction`: features of one region, against the peers.

One thread a side; sides live side by side and take turns, so that what slows the machine down
slows them all. Images lie in memory before the clock starts, MIRP's apart.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from loadtests.bench.outcome import Bar, Outcome, median
from loadtests.bench.radiomics_extraction_cases import ExtractionCase, cases
from loadtests.bench.radiomics_extraction_side import (
    BHKLAB,
    IBSI,
    MIRP,
    PYRADIOMICS,
    SIGMAS_MM,
    started,
)
from loadtests.bench.ratios import median_ratio, ratio_bar, rotated

ORIGINALS_BOUND, FILTERED_BOUND, MIRP_BOUND = 5.0, 2.0, 20.0
SLOW_S, SLOW_ROUNDS = 30.0, 1
"""A side that needs longer has so many turns."""


@dataclass(frozen=True, slots=True)
class Turns:
    """What the rounds of one case gave: seconds by side, one a round."""

    case: ExtractionCase
    filtered: bool
    seconds: dict[str, list[float]]
    features: dict[str, int]

    @property
    def title(self) -> str:
        return _title(self.case, self.filtered)


def main(
    quick: Annotated[bool, typer.Option(help="One round; no basis for a verdict.")] = False,
    rounds: Annotated[int, typer.Option(min=1, help="Of each case on originals.")] = 5,
    filtered_rounds: Annotated[int, typer.Option(min=1, help="With wavelet and LoG.")] = 3,
    only: Annotated[str, typer.Option(help="Cases whose title holds this text.")] = "",
) -> None:
    """Runs the benchmark, prints seconds and ratios and writes bench/radiomics-extraction.json."""
    counts = {False: 1, True: 1} if quick else {False: rounds, True: filtered_rounds}
    measured = []
    with tempfile.TemporaryDirectory(prefix="aibox-bench-") as scratch:
        try:
            for case in cases(Path(scratch)):
                measured += [
                    _measure(case, filtered, counts[filtered])
                    for filtered in (False, True)
                    if only in _title(case, filtered)
                ]
        except RuntimeError as error:
            sys.exit(f"radiomics-extraction: {error}")
    outcome = Outcome("radiomics-extraction", _rows(measured), _bars(measured), _notes(quick))
    outcome.show()
    outcome.save()


def _title(case: ExtractionCase, filtered: bool) -> str:
    return f"{case.name}, {'wavelet + LoG' if filtered else 'originals'}"


def _measure(case: ExtractionCase, filtered: bool, rounds: int) -> Turns:
    print(_title(case, filtered), file=sys.stderr, flush=True)
    with started(case, filtered) as sides:
        turns = Turns(
            case,
            filtered,
            {side.name: [] for side in sides},
            {side.name: int(side.facts["features"]) for side in sides},
        )
        for index in range(rounds):
            for side in rotated(sides, index):
                if index < SLOW_ROUNDS or side.facts["first_s"] < SLOW_S:
                    turns.seconds[side.name].append(side.seconds())
    return turns


def _ratio(turns: Turns, side: str, ours: str) -> float:
    """Over the rounds in which the side had a turn."""
    seconds = turns.seconds[side]
    return median_ratio(seconds, turns.seconds[ours][: len(seconds)])


def _rows(measured: Sequence[Turns]) -> list[dict[str, str | float]]:
    return [
        {
            "case": turns.title,
            "voxels": str(turns.case.voxels),
            "side": side,
            "features": str(turns.features[side]),
            "median_s": median(seconds),
            "ms_per_feature": 1e3 * median(seconds) / turns.features[side],
            "times_ours": _ratio(turns, side, PYRADIOMICS),
            "times_ours_ibsi": _ratio(turns, side, IBSI),
        }
        for turns in measured
        for side, seconds in turns.seconds.items()
    ]


def _bars(measured: Sequence[Turns]) -> list[Bar]:
    bars = []
    for turns in measured:
        if BHKLAB in turns.seconds:
            bound = FILTERED_BOUND if turns.filtered else ORIGINALS_BOUND
            ratio = _ratio(turns, BHKLAB, PYRADIOMICS)
            bars.append(ratio_bar(f"{turns.title}: {BHKLAB} over aibox", ratio, bound))
        if MIRP in turns.seconds:
            ratio = _ratio(turns, MIRP, IBSI)
            bars.append(ratio_bar(f"{turns.title}: {MIRP} over aibox", ratio, MIRP_BOUND))
    return bars


def _notes(quick: bool) -> list[str]:
    notes = [
        f"Wavelet: coif1, one level, eight sub-bands; LoG: sigma {SIGMAS_MM} mm. Bin width 25.",
        "bhklab is compared with the convention pyradiomics (same features, same values), MIRP "
        "with the convention ibsi (3D, merged and averaged).",
    ]
    return [*notes, "QUICK: one round only; no basis for a verdict."] if quick else notes


if __name__ == "__main__":
    typer.run(main)
