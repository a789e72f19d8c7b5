"""The models that come with the box carry a self-test that says something."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from provisioning.self_test.chest_slice import chest_slice
from serving.domain.manifest import read_manifest
from serving.engine.catalog import ModelVersion
from serving.engine.self_test import answer_distance

REPOSITORY = Path(__file__).parents[3] / "model_repo"


@pytest.mark.parametrize("name", ["nested_unet_covid", "hrnet_covid"])
def test_a_shipped_self_test_is_small_and_not_empty(name: str) -> None:
    folder = REPOSITORY / name / "1"
    test = read_manifest(folder).self_test
    assert test is not None
    ModelVersion.read(folder).verify_files((test.inputs, test.outputs))
    assert sum(path.stat().st_size for path in (folder / "self_test").iterdir()) < 200_000
    with np.load(folder / test.inputs.path) as data:
        np.testing.assert_array_equal(data["hu"], chest_slice())
    with np.load(folder / test.outputs.path) as data:
        probability = data["probability"]
    assert 200 < np.count_nonzero(probability > 0.5) < 5000
    for trivial in (np.zeros_like(probability), np.full_like(probability, probability.mean())):
        assert answer_distance(trivial, probability) > 5 * max(test.tolerances.values())
