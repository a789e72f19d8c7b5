"""Two networks on one phantom: their average, their agreement, and who may read a study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from chest_phantom import LESION, Chest
from density_model import DensityModel
from phantom_study import KeepingWriter, PhantomReader, grid

from serving.domain.errors import IllegalTransition, InvalidRequest, ModelNotFound
from serving.domain.finding import Confidence
from serving.domain.pipeline import StudyTask
from serving.pipelines.analysis import ChestCtAnalysis
from serving.pipelines.chest_ct import ChestCtPipeline
from serving.pipelines.settings import LesionSettings, PipelineSettings

NAMES = ("nested_unet_covid", "hrnet_covid")
TWO = PipelineSettings(chest_ct_models=NAMES)
FRAMES = ((128, 192), (160, 224), (192, 224))
BLIND = (5000, 6000)
"""Densities that nothing has."""


def run(
    folder: Path, first: DensityModel, second: DensityModel, settings: PipelineSettings = TWO
) -> ChestCtAnalysis:
    volume, writer = Chest(lesion=LESION, lesion_hu=-300).volume(grid()), KeepingWriter()
    pipeline = ChestCtPipeline(PhantomReader(volume), writer, settings)
    models = dict(zip(NAMES, (first, second), strict=True))
    pipeline.run(StudyTask("job-1", folder, folder, {}), models, lambda *_: None)
    return writer.analyses[0]


def test_networks_that_see_the_same_agree_fully(tmp_path: Path) -> None:
    analysis = run(tmp_path, DensityModel(), DensityModel(name="hrnet_covid"))
    told = analysis.findings.agreement
    assert told is not None
    assert told.dice == 1.0
    assert told.confidence is Confidence.HIGH
    assert [n.model for n in told.networks] == list(NAMES)
    assert [use.name for use in analysis.models] == list(NAMES)
    result_ml = analysis.findings.both_lungs.lesion_volume_ml
    for network in told.networks:
        assert network.lesion_volume_ml == pytest.approx(result_ml, rel=0.02)
        assert network.lesion_percent == pytest.approx(
            100 * network.lesion_volume_ml / analysis.findings.both_lungs.lung_volume_ml
        )
    disclaimers = [n for n in analysis.notices if n.code == "model_disclaimer"]
    assert len(disclaimers) == 2


def test_a_lesion_that_one_network_misses_lowers_the_confidence(tmp_path: Path) -> None:
    blind = DensityModel(name="hrnet_covid", range_hu=BLIND)
    analysis = run(tmp_path, DensityModel(), blind)
    told = analysis.findings.agreement
    assert told is not None
    assert (told.dice, told.confidence) == (0.0, Confidence.LOW)
    assert told.networks[0].lesion_volume_ml > 10
    assert told.networks[1].lesion_volume_ml == 0
    assert "judge the extent of disease from the images" in told.sentence
    assert told.sentence in {n.message for n in analysis.notices if n.code == "low_agreement"}
    assert analysis.findings.lesion_count == 0, "1 and 0 make 0.5, which is not above the threshold"


def test_the_result_is_the_average_and_not_the_union(tmp_path: Path) -> None:
    blind = DensityModel(name="hrnet_covid", range_hu=BLIND)
    settings = PipelineSettings(chest_ct_models=NAMES, lesions=LesionSettings(threshold=0.4))
    analysis = run(tmp_path, DensityModel(), blind, settings)
    assert analysis.findings.lesion_count > 0
    (tmp_path / "stricter").mkdir()
    stricter = PipelineSettings(chest_ct_models=NAMES, lesions=LesionSettings(threshold=0.6))
    assert run(tmp_path / "stricter", DensityModel(), blind, stricter).findings.lesion_count == 0


def test_neither_marking_anything_is_said_and_is_no_doubt(tmp_path: Path) -> None:
    first, second = (DensityModel(name=name, range_hu=BLIND) for name in NAMES)
    told = run(tmp_path, first, second).findings.agreement
    assert told is not None
    assert (told.dice, told.confidence) == (None, Confidence.HIGH)
    assert "Neither of the two networks marks a lesion" in told.sentence


def test_networks_of_other_sizes_and_crops_meet_on_the_images_grid(tmp_path: Path) -> None:
    first = DensityModel(frames=FRAMES)
    second = DensityModel(name="hrnet_covid", side=384)
    analysis = run(tmp_path, first, second)
    told = analysis.findings.agreement
    assert told is not None
    assert told.dice is not None
    assert told.dice > 0.85
    assert told.confidence is not Confidence.LOW
    planes = (analysis.lungs > 0).any(axis=(1, 2)).sum()
    assert second.calls == [(planes, 384, 384)]
    assert sum(call[0] for call in first.calls) == planes
    assert {call[1:] for call in first.calls} <= {*FRAMES, (256, 256)}
    assert any(call[1:] in FRAMES for call in first.calls)


def test_crops_give_what_whole_planes_give(tmp_path: Path) -> None:
    results = []
    for crop in (True, False):
        folder = tmp_path / str(crop)
        folder.mkdir()
        settings = PipelineSettings(chest_ct_models=NAMES, lesions=LesionSettings(crop=crop))
        models = [DensityModel(name=name, frames=FRAMES) for name in NAMES]
        results.append(run(folder, *models, settings))
        shapes = {call[1:] for call in models[0].calls}
        assert shapes <= {*FRAMES, (256, 256)} if crop else shapes == {(256, 256)}
    np.testing.assert_array_equal(results[0].lesions, results[1].lesions)
    np.testing.assert_array_equal(results[0].lungs, results[1].lungs)


def test_an_untrained_network_reads_no_study_unless_allowed(tmp_path: Path) -> None:
    random = DensityModel(name="hrnet_covid", trained=False)
    with pytest.raises(IllegalTransition, match="hrnet_covid has random weights"):
        run(tmp_path, DensityModel(), random)
    assert list(tmp_path.iterdir()) == []
    allowed = PipelineSettings(chest_ct_models=NAMES, allow_untrained=True)
    assert run(tmp_path, DensityModel(), random, allowed).findings.agreement is not None


def test_networks_that_look_for_different_things_are_not_averaged(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="different findings"):
        run(tmp_path, DensityModel(), DensityModel(name="hrnet_covid", code="1234"))


def test_every_named_network_must_be_served(tmp_path: Path) -> None:
    pipeline = ChestCtPipeline(PhantomReader(Chest().volume(grid())), KeepingWriter(), TWO)
    task = StudyTask("job-1", tmp_path, tmp_path, {})
    with pytest.raises(ModelNotFound, match="hrnet_covid"):
        pipeline.run(task, {NAMES[0]: DensityModel()}, lambda *_: None)


@pytest.mark.parametrize("names", [(), ("a", "a"), ("a", "b", "c"), ("../a",)])
def test_settings_name_one_or_two_networks(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="chest_ct_models"):
        PipelineSettings(chest_ct_models=names)
