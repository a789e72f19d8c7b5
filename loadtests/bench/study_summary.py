"""Order of the runs, rows and bars of `make bench-study`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loadtests.bench.outcome import Bar, Outcome, median
from loadtests.bench.ratios import MEASUREMENT_TOLERANCE, ratio_bar, rotated
from loadtests.bench.study_sides import (
    BOX_BF16,
    BOX_FP32,
    BOX_INT8,
    TORCH,
    TORCH_TUNED,
    VARIANTS,
    StudyRun,
)

SIDES = (TORCH, TORCH_TUNED, BOX_FP32, BOX_BF16, BOX_INT8)
STAGES = ("upload and queue", "reading", "lungs", "lesions", "inference", "measuring", "writing")
OUTSIDE_BOUND = 0.15

NOTES = (
    "Whole studies, wall clock: torch from the first file opened to the volume; the box from "
    "before the first byte sent over gRPC to DONE. Loading and compiling count on no side.",
    "torch runs both networks on every slice, full frame; the box on slices with lung, cropped. "
    "The box also finds lungs and lesions, measures, and writes the report and its pictures.",
    "`lesions` is that stage less the time in which a network computed (`inference`); only one "
    "side lives at a time. Tuned: the allocator's settings and channels_last.",
    "Ratios are of medians over the rounds, since sides run unequally often; one torch study "
    "takes minutes.",
)


def schedule(box_rounds: int, torch_rounds: int, tuned_rounds: int) -> list[str]:
    """All runs in order: sides interleaved, each round starting with another one."""
    wanted = {TORCH: torch_rounds, TORCH_TUNED: tuned_rounds} | dict.fromkeys(VARIANTS, box_rounds)
    order = []
    for index in range(max(wanted.values())):
        order += [side for side in rotated(SIDES, index) if index < wanted[side]]
    return order


def summarise(runs: Sequence[StudyRun], study: str, notes: Sequence[str] = ()) -> Outcome:
    """A row a side with its stages, and the study's bars."""
    by_side = {side: [run for run in runs if run.side == side] for side in SIDES}
    kept = {side: found for side, found in by_side.items() if found}
    rows = [_row(side, found, kept) for side, found in kept.items()]
    return Outcome("study", rows, _bars(kept), [f"Study: {study}.", *NOTES, *notes])


def _row(
    side: str, runs: Sequence[StudyRun], kept: Mapping[str, Sequence[StudyRun]]
) -> dict[str, str | float]:
    row: dict[str, str | float] = {
        "side": side,
        "runs": str(len(runs)),
        "slices": str(runs[0].slices),
        "wall_s": _wall_s(runs),
        "least_s": min(run.wall_s for run in runs),
        "x_torch": _ratio(kept, TORCH, side),
        "x_tuned": _ratio(kept, TORCH_TUNED, side),
        "outside": median([run.outside_share for run in runs]),
    }
    for stage in STAGES:
        seconds = [run.stages_s[stage] for run in runs if stage in run.stages_s]
        row[stage] = median(seconds) if seconds else "-"
    return row


def _wall_s(runs: Sequence[StudyRun]) -> float:
    return median([run.wall_s for run in runs])


def _ratio(kept: Mapping[str, Sequence[StudyRun]], over: str, under: str) -> float:
    """NaN, which reaches no bound, where one of them did not run."""
    return _wall_s(kept.get(over, ())) / _wall_s(kept.get(under, ()))


def _bars(kept: Mapping[str, Sequence[StudyRun]]) -> list[Bar]:
    bars = [
        ratio_bar("box INT8 over tuned torch", _ratio(kept, TORCH_TUNED, BOX_INT8), 10.0),
        ratio_bar("stretch: box INT8 over tuned torch", _ratio(kept, TORCH_TUNED, BOX_INT8), 20.0),
        ratio_bar("box FP32 over tuned torch", _ratio(kept, TORCH_TUNED, BOX_FP32), 2.89),
    ]
    widened = 1.0 + MEASUREMENT_TOLERANCE
    for side in (BOX_INT8, BOX_FP32):
        share = median([run.outside_share for run in kept.get(side, ())])
        what = (
            f"{side}: share of the time outside inference (bound {OUTSIDE_BOUND:g} x {widened:g})"
        )
        bars.append(Bar(what, share, OUTSIDE_BOUND * widened, at_most=True))
    return bars
