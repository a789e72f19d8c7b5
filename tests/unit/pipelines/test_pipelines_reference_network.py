"""chest_ct with the real engine and the reference network on a chest without pneumonia."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared_data import folder

from serving.dicom.reader import StudyReader
from serving.domain.pipeline import StudyTask
from serving.engine.local import LocalEngine
from serving.engine.settings import EngineSettings
from serving.pipelines.chest_ct import ChestCtPipeline
from serving.pipelines.report import ChestCtReportWriter
from serving.pipelines.settings import PipelineSettings

MODELS = Path(__file__).resolve().parents[3] / "model_repo"


def test_the_lidc_slab_has_hardly_any_lesion_and_is_said_to_be_partial(tmp_path: Path) -> None:
    names = PipelineSettings().chest_ct_models
    if not all((MODELS / name).is_dir() for name in names):
        pytest.skip("a reference network is not in model_repo")
    instances = folder("lidc-0314")
    analyses = []

    class Writer(ChestCtReportWriter):
        def write(self, analysis, results_dir: Path) -> None:
            analyses.append(analysis)
            super().write(analysis, results_dir)

    pipeline = ChestCtPipeline(StudyReader(), Writer("0"))
    results = tmp_path / "results"
    results.mkdir()
    settings = EngineSettings(repositories=(MODELS,))
    with LocalEngine(settings, tmp_path / "cache") as engine:
        models = {name: engine.model(name) for name in names}
        pipeline.run(StudyTask("j", instances, results, {}), models, lambda *_: None)
    findings = analyses[0].findings
    assert findings.both_lungs.lesion_percent is not None
    assert findings.both_lungs.lesion_percent < 1.0
    assert not findings.coverage.complete
    assert "partial_coverage" in {notice.code for notice in analyses[0].notices}
    assert (results / "report.json").exists()
    assert [use.name for use in analyses[0].models] == list(names)
    assert (findings.agreement is None) == (len(names) == 1)
    print(f"lidc-0314: {findings.both_lungs.lesion_percent:.3f} % lesion")  # noqa: T201
