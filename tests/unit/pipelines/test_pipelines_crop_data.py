"""Crops against whole planes on real COVID-19 studies, with the real engine and networks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from chest_phantom import dice
from shared_data import folder, segmented

from serving.dicom.reader import StudyReader
from serving.domain.slices import SliceModel
from serving.domain.volume import Volume
from serving.engine.local import LocalEngine
from serving.engine.settings import EngineSettings
from serving.pipelines.lesions import LesionMap, find_lesions
from serving.pipelines.lungs import segment_lungs
from serving.pipelines.settings import LesionSettings, LungSettings, PipelineSettings

MODELS = Path(__file__).resolve().parents[3] / "model_repo"
LIMIT_POINTS = 0.17
STEP = int(os.environ.get("AIBOX_TEST_CROP_STEP", "14"))
"""Every so many slices; 1 measures the whole studies."""


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[SliceModel]]:
    """The shipped networks of `chest_ct`, in the variants that are served by default."""
    cache = tmp_path_factory.mktemp("cache")
    with LocalEngine(EngineSettings(repositories=(MODELS,)), cache) as engine:
        yield [engine.model(name) for name in PipelineSettings().chest_ct_models]


@pytest.fixture(scope="module")
def covid_ct_md(tmp_path_factory: pytest.TempPathFactory) -> tuple[Volume, np.ndarray]:
    """Some slices of P001 and the lungs found in them."""
    some = tmp_path_factory.mktemp("P001")
    for path in sorted((folder("covid-ct-md") / "P001").iterdir())[::STEP]:
        shutil.copy(path, some)
    volume = StudyReader().read(some, lambda _share, _stage: None).volume
    return volume, segment_lungs(volume, LungSettings())


@pytest.fixture(scope="module")
def covid_008() -> tuple[Volume, np.ndarray]:
    """Some slices of volume 008 with the lungs that radiologists drew."""
    volume, lungs, _ = segmented(8, STEP)
    return volume, lungs.astype(np.uint8)


def both_ways(
    study: tuple[Volume, np.ndarray], networks: list[SliceModel]
) -> tuple[LesionMap, LesionMap]:
    volume, lungs = study
    cropped, whole = (
        find_lesions(volume, lungs, networks, LesionSettings(crop=crop), lambda *_: None)
        for crop in (True, False)
    )
    return cropped, whole


@pytest.mark.parametrize("name", ["covid_008", "covid_ct_md"])
def test_crops_change_a_study_by_less_than_the_gates_limit(
    name: str, networks: list[SliceModel], request: pytest.FixtureRequest
) -> None:
    cropped, whole = both_ways(request.getfixturevalue(name), networks)
    assert whole.mask.sum() > 500, "there is something to differ about"
    loss_points = 100 * (1 - dice(cropped.mask, whole.mask))
    print(  # noqa: T201
        f"{name}, {len(networks)} networks: {loss_points:.3f} points, "
        f"inference {cropped.inference_s:.1f} s of {whole.inference_s:.1f} s"
    )
    assert loss_points < LIMIT_POINTS
