"""Which data sets are refused, and how elements become inputs and answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from provisioning.labelled_set import Boxes, LabelledSet
from provisioning.quantise.data_sets import read_data_sets
from provisioning.quantise.effort import spread, stratified
from provisioning.quantise.elements import Elements, InputPort
from provisioning.quantise.request import QuantiseRequest
from provisioning.quantise.tally import make_tally
from provisioning.quantise.unit_scores import everything
from serving.domain.errors import InvalidRequest
from tests.unit.quantise.blob_network import squares, write_set

PORT = InputPort("hu", np.dtype(np.int16), (-1, 1, 24, 24))


def request(folder: Path, **cases: str) -> QuantiseRequest:
    """Three files whose cases are named after them unless told otherwise."""
    paths = {
        name: write_set(folder, squares(name, 4, seed=seed, case=cases.get(name, "")))
        for seed, name in enumerate(("calibration", "validation", "held_out"))
    }
    return QuantiseRequest(task="segmentation", **paths)


def test_three_disjoint_sets_are_read(tmp_path: Path) -> None:
    sets = read_data_sets(request(tmp_path))
    assert sets.judged is not None
    assert len(sets.judged.held_out) == 4


@pytest.mark.parametrize("role", ["calibration", "validation"])
def test_a_patient_in_two_sets_is_refused_without_a_name(tmp_path: Path, role: str) -> None:
    wanted = request(tmp_path, held_out="Secret", **{role: "Secret"})
    with pytest.raises(InvalidRequest, match=r"share 2 cases; no patient") as refusal:
        read_data_sets(wanted)
    assert "Secret" not in refusal.value.message


def test_one_file_in_two_roles_is_refused(tmp_path: Path) -> None:
    wanted = request(tmp_path).model_copy(update={"held_out": tmp_path / "validation.npz"})
    with pytest.raises(InvalidRequest, match="same file"):
        read_data_sets(wanted)


@pytest.mark.parametrize("missing", ["validation", "held_out"])
def test_a_task_needs_all_three_sets(tmp_path: Path, missing: str) -> None:
    with pytest.raises(InvalidRequest, match="two more sets"):
        read_data_sets(request(tmp_path).model_copy(update={missing: None}))


def test_labels_without_a_task_and_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="--task"):
        read_data_sets(request(tmp_path).model_copy(update={"task": None}))
    absent = request(tmp_path).model_copy(update={"validation": tmp_path / "none.npz"})
    with pytest.raises(InvalidRequest, match=r"validation set none\.npz does not exist"):
        read_data_sets(absent)


def test_a_set_without_the_tasks_labels_is_refused(tmp_path: Path) -> None:
    wanted = request(tmp_path).model_copy(update={"task": "detection"})
    with pytest.raises(InvalidRequest, match="has no boxes"):
        read_data_sets(wanted)


def test_elements_get_their_batch_axis_and_the_models_type() -> None:
    labelled = squares("set", 3)
    flat = replace(labelled, inputs=labelled.inputs[:, 0].astype(np.int8))
    for each in (labelled, flat):
        element = Elements(each, PORT)[1]
        assert element.shape == (1, 1, 24, 24)
        assert element.dtype == np.int16


@pytest.mark.parametrize(
    "inputs", [np.zeros((2, 1, 25, 24), np.int16), np.zeros((2, 3, 1, 1, 24, 24), np.int16)]
)
def test_elements_of_another_shape_are_refused(inputs: np.ndarray) -> None:
    with pytest.raises(InvalidRequest, match="the model takes"):
        Elements(LabelledSet("set", inputs, np.array(["a", "b"])), PORT)


def test_elements_that_would_lose_their_fractions_are_refused() -> None:
    labelled = LabelledSet("set", np.zeros((1, 1, 24, 24), np.float32), np.array(["a"]))
    with pytest.raises(InvalidRequest, match="float32"):
        Elements(labelled, PORT)


def test_the_search_looks_at_elements_with_truth_and_at_some_without() -> None:
    labelled = squares("set", 40)
    assert labelled.targets is not None
    labelled.targets[:20] = False
    chosen = stratified(labelled, 12)
    assert len(chosen) == 12
    assert (chosen >= 20).sum() == 9
    assert stratified(labelled, 100).tolist() == list(range(40))
    assert spread(10, 4).tolist() == [0, 3, 6, 9]


def test_masks_of_another_size_than_the_answer_are_refused() -> None:
    tally = make_tally("segmentation", squares("set", 2))
    with pytest.raises(InvalidRequest, match="give masks of the output's size"):
        tally.add(0, {"probability": np.zeros((1, 1, 12, 12), np.float32)})


def test_a_detectors_padding_is_no_detection() -> None:
    corners = np.array([[0, 0, 10, 10]], np.float32)
    boxes = Boxes(corners, np.array([1]), np.array([0]))
    labelled = LabelledSet("set", np.zeros((1, 1, 4, 4)), np.array(["a"]), boxes=boxes)
    tally = make_tally("detection", labelled)
    answer = {
        "boxes": np.concatenate([corners + 30, corners, corners + 30])[None],
        "scores": np.array([[0.0, 0.8, 0.9]]),
        "labels": np.array([[1, 1, -1]]),
    }
    tally.add(0, answer)
    assert everything(tally.scores()[0]) == 1.0
    with pytest.raises(InvalidRequest, match="outputs named boxes"):
        tally.add(0, {"scores": np.zeros(1)})
