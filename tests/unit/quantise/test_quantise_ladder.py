"""The ladder on a real network: what it keeps, what it refuses, what it counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from provisioning.quantise.accuracy_control import accuracy_control
from provisioning.quantise.candidate_file import kernels
from provisioning.quantise.data_sets import Judged
from provisioning.quantise.effort import Effort
from provisioning.quantise.judging import Judging
from provisioning.quantise.ladder import Climb, Kinds, Ladder
from provisioning.quantise.layer_error import layer_errors, product_layers
from provisioning.quantise.mixed import mixed
from provisioning.quantise.post_training import post_training
from provisioning.quantise.workbench import Candidate, Search, Workbench
from serving.domain.errors import InvalidRequest
from serving.domain.slices import Progress
from tests.unit.quantise.blob_network import (
    COARSE,
    calibrated_on,
    network,
    silent,
    squares,
    write_version,
)

EFFORT = Effort(calibration=8, search=8, ranking=2, iterations=2, layer_elements=2)
FAINT = {"low": 448, "high": 552}
"""Squares that a step of 125 HU, from -1000 on, cannot tell from their ground."""
EASY = {"low": 0, "high": 1000}
HARMED = calibrated_on(squares("coarse", 4, high=COARSE))
GOOD: tuple[str, object] = ("int8_ptq", post_training)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_version(tmp_path_factory.mktemp("repository"))


def climb(
    folder: Path,
    kinds: Kinds,
    validation: dict[str, int] = FAINT,
    held_out: dict[str, int] = FAINT,
) -> Climb:
    verdict = squares("held_out", 20, seed=3, **held_out)
    judged = Judged("segmentation", squares("validation", 20, **validation), verdict)
    judging = Judging(folder / "fp32/model.xml", judged, 0.17)
    reference = judging.reference("validation", silent).scores
    search = Search(judged.task, judged.validation, reference)
    bench = Workbench(folder / "fp32/model.xml", squares("calibration", 8), search, EFFORT)
    return Ladder(judging, folder).climb(bench, silent, kinds)


def test_plain_quantisation_holds_and_its_kernels_are_int8(folder: Path) -> None:
    found = climb(folder, [GOOD])
    assert found.kept == folder / "int8/model.xml"
    assert [rung.kept for rung in found.rungs] == [True]
    assert all(gate.holds for gate in found.gates)
    assert found.kernels is not None
    assert found.kernels.int8_layers >= 3
    assert found.kernels.float_layers == 1, "the first layer alone"
    float_only = kernels(folder / "fp32/model.xml", "f32")
    assert (float_only.int8_layers, float_only.float_layers) == (0, 4)
    assert float_only.float_macs == (9 * 16 + 2 * 16 * 16 + 16) * 24 * 24


def test_a_harmed_variant_is_refused_on_validation_and_the_ladder_goes_on(folder: Path) -> None:
    found = climb(folder, [("int8_ptq", HARMED), GOOD])
    first, second = found.rungs
    assert not first.kept
    assert first.drop_on_validation_points is not None
    assert first.drop_on_validation_points > 10
    assert first.gates == ()  # the held-out data was not looked at
    assert "no look at held-out data" in first.reason
    assert second.kept
    assert found.looks == 1


def test_what_only_validation_lets_through_is_refused_and_counted(folder: Path) -> None:
    found = climb(folder, [("int8_ptq", HARMED), GOOD], EASY)
    first, second = found.rungs
    assert first.drop_on_validation_points is not None
    assert first.drop_on_validation_points < 0.17
    assert not first.kept
    assert any(not gate.holds for gate in first.gates)
    assert second.kept
    assert found.looks == 2


def test_nothing_is_kept_where_nothing_holds(tmp_path: Path) -> None:
    folder = write_version(tmp_path)
    found = climb(folder, [("int8_ptq", HARMED)])
    assert found.kept is None
    assert {path.name for path in folder.iterdir()} == {"fp32", "model.toml"}


def test_a_variant_that_hardly_runs_in_int8_is_refused(folder: Path) -> None:
    def in_float(bench: Workbench, _report: Progress) -> Iterator[Candidate]:
        yield Candidate("int8_ptq", "nothing quantised", bench.read())

    found = climb(folder, [("int8_ptq", in_float)])
    assert "only 0% of its arithmetic runs in INT8" in found.rungs[0].reason


def test_a_way_that_fails_is_noted_and_the_next_one_tried(folder: Path) -> None:
    def fails(_bench: Workbench, _report: Progress) -> Iterator[Candidate]:
        raise InvalidRequest("NNCF cannot quantise this network (RuntimeError)")
        yield

    found = climb(folder, [("int8_mixed", fails), GOOD])
    assert found.rungs[0].reason.startswith("not made: NNCF cannot")
    assert found.rungs[1].kept


def test_a_cancelled_climb_leaves_nothing(tmp_path: Path) -> None:
    folder = write_version(tmp_path)

    def cancel(share: float, _stage: str) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    judged = Judged("segmentation", squares("validation"), squares("held_out"))
    judging = Judging(folder / "fp32/model.xml", judged, 0.17)
    bench = Workbench(folder / "fp32/model.xml", squares("calibration", 8), None, EFFORT)
    with pytest.raises(KeyboardInterrupt):
        Ladder(judging, folder).climb(bench, cancel, [GOOD])
    assert {path.name for path in folder.iterdir()} == {"fp32", "model.toml"}


def test_accuracy_control_and_mixed_precision_give_variants_that_hold(folder: Path) -> None:
    controlled = climb(folder, [("int8_accuracy_control", accuracy_control)], EASY, EASY)
    assert controlled.rungs[0].kept
    assert "looks" in controlled.rungs[0].reason
    partly = climb(folder, [("int8_mixed", mixed)], EASY, EASY)
    assert partly.rungs[-1].kept
    assert partly.kernels is not None
    assert partly.kernels.float_layers >= 1


def test_accuracy_control_outlasts_a_variant_that_drops(folder: Path) -> None:
    """NNCF divides by what the FP32 model scores, and only where the variant scores less."""
    validation = squares("validation", 20, **FAINT)
    judging = Judging(
        folder / "fp32/model.xml", Judged("segmentation", validation, validation), 0.17
    )
    search = Search("segmentation", validation, judging.reference("validation", silent).scores)
    coarse = squares("calibration", 8, high=COARSE)
    bench = Workbench(folder / "fp32/model.xml", coarse, search, EFFORT)
    candidate = next(accuracy_control(bench, silent))
    assert candidate.rung == "int8_accuracy_control"
    assert candidate.model.inputs


def test_no_model_is_tried_twice_in_a_precision(folder: Path) -> None:
    """After ReLU symmetric and asymmetric ranges are one, so only the precisions differ."""
    hints = ("bf16", "f32")
    bench = Workbench(folder / "fp32/model.xml", squares("calibration", 8), None, EFFORT, hints)
    assert [each.hint for each in post_training(bench, silent)] == ["bf16", "f32"]


def test_a_layers_error_is_none_where_nothing_was_quantised(folder: Path) -> None:
    model = network()
    element = squares("set", 1).inputs[:1]
    same = layer_errors(model, network(), [element], silent)
    assert len(same) == len(product_layers(model)) == 4 or same == {}
    bench = Workbench(folder / "fp32/model.xml", squares("coarse", 4, high=COARSE), None, EFFORT)
    coarse = next(post_training(bench, silent)).model
    moved = layer_errors(bench.read(), coarse, [element], silent)
    assert len(moved) == 4
    assert all(error > 0 for error in moved.values())
    assert np.isfinite(list(moved.values())).all()
