"""The order and the bars of `make bench-study`, and its thinned-out study."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from pydicom import dcmread

from loadtests.bench.study_input import count_slices, prepare_study, thin_out
from loadtests.bench.study_sides import BOX_FP32, BOX_INT8, TORCH, TORCH_TUNED, StudyRun
from loadtests.bench.study_summary import SIDES, schedule, summarise
from provisioning.phantom import small_spec, write_study
from serving.domain.errors import InvalidRequest


def _run(side: str, wall_s: float, inference_s: float) -> StudyRun:
    return StudyRun(side, wall_s, inference_s, {"inference": inference_s}, slices=148)


def test_sides_run_as_often_as_wanted_and_in_turn() -> None:
    order = schedule(box_rounds=3, torch_rounds=1, tuned_rounds=2)
    assert {side: order.count(side) for side in SIDES} == dict(
        zip(SIDES, (1, 2, 3, 3, 3), strict=True)
    )
    assert order[:5] == list(SIDES)
    assert order[5] == TORCH_TUNED
    assert order[9] == BOX_FP32


def test_bars_compare_medians_of_whole_studies() -> None:
    runs = [_run(TORCH, 300.0, 299.0), _run(TORCH_TUNED, 210.0, 209.0)]
    runs += [_run(TORCH_TUNED, 190.0, 189.0), _run(BOX_FP32, 80.0, 72.0)]
    runs += [_run(BOX_INT8, s, s * 0.8) for s in (19.0, 20.0, 40.0)]
    bars = {bar.bar: bar for bar in summarise(runs, "a study").bars}
    assert bars["box INT8 over tuned torch (bound 10 x 0.95)"].value == pytest.approx(10.0)
    assert not bars["stretch: box INT8 over tuned torch (bound 20 x 0.95)"].holds
    assert not bars["box FP32 over tuned torch (bound 2.89 x 0.95)"].holds
    outside = "share of the time outside inference (bound 0.15 x 1.05)"
    assert not bars[f"box INT8: {outside}"].holds
    assert bars[f"box FP32: {outside}"].holds


def test_a_side_that_did_not_run_holds_no_bar() -> None:
    assert not any(bar.holds for bar in summarise([_run(TORCH_TUNED, 200.0, 1.0)], "s").bars)


def test_every_eighth_slice_by_position(tmp_path: Path) -> None:
    write_study(small_spec().model_copy(update={"shuffled_names": True}), tmp_path / "study")
    thin = thin_out(tmp_path / "study", 8, tmp_path / "thin")
    heights = sorted(float(dcmread(p).ImagePositionPatient[2]) for p in thin.iterdir())
    assert count_slices(thin) == 3
    assert [b - a for a, b in pairwise(heights)] == pytest.approx([96, 96])


def test_a_study_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="name one with the DICOM files"):
        prepare_study(tmp_path / "absent", tmp_path)
