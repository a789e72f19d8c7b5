"""The agreement of two networks, by volumes counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from serving.domain.finding import Agreement, Confidence, ModelUse
from serving.pipelines.agreement import agreement

VOXEL_ML = np.array([0.5, 1.0, 2.0])


def use(name: str) -> ModelUse:
    return ModelUse(
        name=name, version=1, digest="", precision="", effective_precision="", disclaimer=""
    )


def judge(votes: np.ndarray) -> Agreement | None:
    return agreement(votes, VOXEL_ML, (use("a"), use("b")), 100.0, 30.0)


def votes_of(first: int, both: int, second: int, plane: int = 1) -> np.ndarray:
    """Voxels that only the first, both, and only the second network mark; one is marked by the
    average alone, which counts for neither."""
    votes = np.zeros((3, 20, 20), np.uint8)
    values = [1] * first + [3] * both + [2] * second + [128]
    votes[plane].ravel()[: len(values)] = values
    return votes


def test_volumes_take_the_thickness_of_their_slices() -> None:
    votes = votes_of(2, 8, 4) | votes_of(0, 1, 0, plane=2)
    told = judge(votes)
    assert told is not None
    assert [n.lesion_volume_ml for n in told.networks] == [12.0, 14.0]
    assert [n.lesion_percent for n in told.networks] == [12.0, 14.0]
    assert told.dice == pytest.approx(2 * 10 / 26)


@pytest.mark.parametrize(
    ("apart", "both", "word"),
    [
        (10, 90, Confidence.HIGH),
        (11, 90, Confidence.MODERATE),
        (30, 70, Confidence.MODERATE),
        (31, 70, Confidence.LOW),
    ],
)
def test_the_word_changes_at_the_documented_limits(apart: int, both: int, word: Confidence) -> None:
    told = judge(votes_of(apart, both, apart))
    assert told is not None
    assert told.dice == pytest.approx(both / (both + apart))
    assert told.confidence is word


def test_specks_that_would_not_be_reported_are_no_disagreement() -> None:
    votes = np.zeros((3, 20, 20), np.uint8)
    votes[1, 0, 0] = 1
    told = agreement(votes, VOXEL_ML / 50, (use("a"), use("b")), 100.0, 30.0)
    assert told is not None
    assert (told.dice, told.confidence) == (None, Confidence.HIGH)


def test_no_lung_gives_no_per_cent_and_one_network_no_agreement() -> None:
    told = agreement(votes_of(1, 1, 1), VOXEL_ML, (use("a"), use("b")), 0.0, 30.0)
    assert told is not None
    assert told.networks[0].lesion_percent is None
    assert agreement(votes_of(1, 1, 1), VOXEL_ML, (use("a"),), 100.0, 30.0) is None
