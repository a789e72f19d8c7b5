"""The whole pipeline on a phantom whose volumes are known, from a study read to an analysis."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from chest_grids import geometry
from chest_phantom import LESION, Chest
from density_model import DensityModel
from phantom_study import PLANTED, KeepingWriter, PhantomReader, grid

from serving.domain.errors import ModelNotFound, UnsupportedImage
from serving.domain.finding import Side, Zone
from serving.domain.pipeline import StudyTask
from serving.domain.study_timings import TIMINGS_NAME, StudyTimings
from serving.domain.volume import Geometry, Volume
from serving.pipelines.analysis import ChestCtAnalysis
from serving.pipelines.chest_ct import ChestCtPipeline
from serving.pipelines.settings import PipelineSettings

ONE = PipelineSettings(chest_ct_models=("nested_unet_covid",))


def analyse(volume: Volume, folder: Path) -> tuple[ChestCtAnalysis, list[tuple[float, str]]]:
    writer, told = KeepingWriter(), []
    pipeline = ChestCtPipeline(PhantomReader(volume), writer, ONE)
    task = StudyTask("job-1", folder, folder, {}, "chest_ct@4")
    models = {"nested_unet_covid": DensityModel()}
    pipeline.run(task, models, lambda share, stage: told.append((share, stage)))
    assert (folder / "written").exists()
    return writer.analyses[0], told


def test_known_volumes_come_out(tmp_path: Path) -> None:
    chest, place = Chest(lesion=LESION, lesion_hu=-300), grid()
    analysis, _ = analyse(chest.volume(place), tmp_path)
    findings = analysis.findings
    voxel_ml = float(place.voxel_volumes_ml[0])
    truth = chest.truth(place)
    for region, side in zip(findings.lungs, (1, 2), strict=True):
        assert region.lung_volume_ml == pytest.approx((truth == side).sum() * voxel_ml, rel=0.05)
    true_ml = chest.lesion_mask(place).sum() * voxel_ml
    assert findings.lungs[0].lesion_volume_ml == pytest.approx(true_ml, rel=0.12)
    assert findings.lungs[1].lesion_volume_ml < 0.02 * true_ml
    largest = findings.lesions[0]
    assert (largest.index, largest.side, largest.zone) == (1, Side.RIGHT, Zone.MIDDLE)
    assert findings.largest_lesion_ml == largest.volume_ml
    assert largest.centroid_lps_mm == pytest.approx(LESION.centre_mm, abs=4)
    assert findings.coverage.complete
    assert (findings.finding.code, findings.severity.maximum) == ("233604007", 24)
    assert (analysis.lungs.dtype, analysis.lesions.dtype) == (np.uint8, np.uint16)
    assert analysis.lungs.shape == analysis.lesions.shape == place.shape
    assert ((analysis.lesions > 0) <= (analysis.lungs > 0)).all()


def test_progress_rises_through_every_stage_and_times_are_kept(tmp_path: Path) -> None:
    analysis, told = analyse(Chest().volume(grid()), tmp_path)
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    stages = list(dict.fromkeys(stage for _, stage in told))
    assert stages == ["reading", "lungs", "lesions", "measuring", "writing"]
    assert set(analysis.timings_s) == {"reading", "lungs", "lesions", "measuring", "inference"}
    assert 0 < analysis.timings_s["inference"] <= analysis.timings_s["lesions"]
    timings = StudyTimings.model_validate_json((tmp_path / TIMINGS_NAME).read_text("utf-8"))
    assert list(timings.stages_s) == stages
    assert timings.total_s == pytest.approx(sum(timings.stages_s.values()))
    assert timings.inference_s == analysis.timings_s["inference"]
    assert timings.lung_slices == (analysis.lungs > 0).any(axis=(1, 2)).sum()


def test_the_result_names_the_model_and_every_notice(tmp_path: Path) -> None:
    volume = Chest().volume(grid())
    cut = Geometry((30, *volume.hu.shape[1:]), volume.geometry.affine_lps, np.arange(30) * 4.0)
    analysis, _ = analyse(Volume(volume.hu[20:50], cut), tmp_path)
    use = analysis.models[0]
    assert analysis.release == "chest_ct@4"
    assert (use.name, use.version, use.digest) == ("nested_unet_covid", 7, "d" * 64)
    assert (use.precision, use.effective_precision) == ("fp32", "f32")
    codes = [notice.code for notice in analysis.notices]
    assert codes == ["from_reader", "partial_coverage", "partial_zones", "model_disclaimer"]
    assert not analysis.findings.coverage.complete
    assert "not in the images" in analysis.findings.severity.method


def test_thick_slices_and_a_single_lung_are_noticed(tmp_path: Path) -> None:
    place = geometry(np.eye(3), (12.0, 2.5, 2.5), 290.0)
    analysis, _ = analyse(Chest(left=None).volume(place), tmp_path)
    codes = {notice.code for notice in analysis.notices}
    assert {"thick_slices", "single_lung"} <= codes
    left_zones = [z for z in analysis.findings.zones if z.side is Side.LEFT]
    assert [z.lesion_percent for z in left_zones] == [None] * 3


def test_images_without_lungs_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    volume = Chest(right=None, left=None, bowel_gas=True).volume(grid())
    writer = KeepingWriter()
    pipeline = ChestCtPipeline(PhantomReader(volume), writer, ONE)
    task = StudyTask("job-1", tmp_path, tmp_path, {})
    with pytest.raises(UnsupportedImage, match="no lung was found") as caught:
        pipeline.run(task, {"nested_unet_covid": DensityModel()}, lambda *_: None)
    assert PLANTED not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_model_is_said_before_anything_is_read(tmp_path: Path) -> None:
    pipeline = ChestCtPipeline(PhantomReader(Chest().volume(grid())), KeepingWriter(), ONE)
    with pytest.raises(ModelNotFound):
        pipeline.run(StudyTask("job-1", tmp_path, tmp_path, {}), {}, lambda *_: None)


def test_what_progress_raises_passes_through(tmp_path: Path) -> None:
    class Cancelled(Exception):
        pass

    def cancel(_share: float, stage: str) -> None:
        if stage == "lesions":
            raise Cancelled

    pipeline = ChestCtPipeline(PhantomReader(Chest().volume(grid())), KeepingWriter(), ONE)
    task = StudyTask("job-1", tmp_path, tmp_path, {})
    with pytest.raises(Cancelled):
        pipeline.run(task, {"nested_unet_covid": DensityModel()}, cancel)


def test_info_and_settings() -> None:
    info = ChestCtPipeline(PhantomReader(Chest().volume(grid())), KeepingWriter(), ONE).info
    assert dataclasses.astuple(info) == ("chest_ct", "1.1.0", ONE.chest_ct_models)
    with pytest.raises(ValueError, match="extra"):
        PipelineSettings.model_validate({"lungz": {}})
