"""The three sets of the quantisation, from generated volumes. Needs no torch."""

import sys
from pathlib import Path

import numpy as np
import pytest

from provisioning.labelled_set import read_labelled_set
from provisioning.zoo.covid_ct_data import TEST, TRAIN, VALIDATE, from_arrays, to_hu
from provisioning.zoo.labelled_sets import calibration_set, draw_slices, main

SLICES, MARKED = 12, 5


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Every patient's slices hold the patient's number and the slice's as grey codes."""
    for number, name in enumerate([*TRAIN, *VALIDATE, *TEST], 1):
        image = np.zeros((SLICES, 8, 8), np.uint8)
        image[:, 0, 0], image[:, 0, 1] = number, np.arange(SLICES)
        infection = np.zeros(image.shape, np.bool_)
        infection[:MARKED, 3, 3] = True
        np.savez(
            tmp_path / f"{name}.npz",
            image=image,
            infection=infection,
            soft_mode=np.full(SLICES, 100),
        )
    return tmp_path


def _write(data: Path, out: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> Path:
    arguments = ["labelled_sets", "--data", str(data), "--out", str(out), *more]
    monkeypatch.setattr(sys, "argv", arguments)
    main()
    return out


def test_the_sets_share_no_patient_and_hold_the_fixed_split(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = _write(data, tmp_path / "sets", monkeypatch, "--slices", "24")
    sets = {
        name: read_labelled_set(out / f"{name}.npz")
        for name in ("calibration", "validation", "held_out")
    }
    assert {name: set(each.cases) for name, each in sets.items()} == {
        "calibration": set(TRAIN),
        "validation": set(VALIDATE),
        "held_out": set(TEST),
    }
    assert len(sets["calibration"]) == 24
    for name in ("validation", "held_out"):
        assert sets[name].inputs.shape == sets[name].targets.shape == (SLICES, 1, 8, 8)
        assert sets[name].targets[:, 0].any(axis=(1, 2)).sum() == MARKED
        order = to_hu(np.arange(SLICES, dtype=np.uint8))
        assert (sets[name].inputs[:, 0, 0, 1] == order).all()
    assert all(each.inputs.dtype == np.int16 for each in sets.values())


def test_a_seed_draws_the_same_slices_again_and_another_seed_others(data: Path) -> None:
    rng = np.random.default_rng(0)
    hu = rng.integers(-1000, 200, (60, 4, 4), np.int16)
    mask = np.zeros(hu.shape, np.bool_)
    mask[:30, 0, 0] = True
    volume = from_arrays("generated", hu, mask)
    once, again, other = (calibration_set([volume], 20, seed).inputs for seed in (7, 7, 8))
    assert (once == again).all()
    assert (once != other).any()


@pytest.mark.parametrize(("marked", "wanted"), [(30, 10), (4, 4), (55, 15)])
def test_half_of_the_slices_show_a_lesion_where_there_are_as_many(marked: int, wanted: int) -> None:
    mask = np.zeros((60, 4, 4), np.bool_)
    mask[:marked, 0, 0] = True
    volume = from_arrays("generated", np.zeros(mask.shape, np.int16), mask)
    drawn = draw_slices(volume, 20, np.random.default_rng(1))
    assert len(set(drawn)) == 20
    assert mask[drawn].any(axis=(1, 2)).sum() == wanted
