"""Real studies through the real pipeline under a canary and a shadow, from DICOM to a verdict."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from threshold_model import NAME, ThresholdModel

from appliance.canary.collector import TwinCollector
from appliance.canary.pair_store import PairStore
from appliance.canary.rule import Decision, judge
from appliance.canary.settings import CanaryRule
from appliance.canary.summary import summaries
from provisioning.phantom import PhantomSpec, write_study
from serving.dicom.inspector import DicomInspector
from serving.dicom.reader import StudyReader
from serving.domain.job import JobState
from serving.domain.job_store import StudyHeader
from serving.domain.lane import Lane
from serving.domain.model_set import (
    MODEL_SET_NAME,
    ModelSet,
    Release,
    Route,
    ServedVersion,
    write_model_set,
)
from serving.jobs.attempt import Workshop
from serving.jobs.intake import KIND, JobIntake
from serving.jobs.model_set_file import ModelSetFile
from serving.jobs.results import ResultStore
from serving.jobs.settings import IntakeSettings, JobSettings
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore
from serving.jobs.worker import JobWorker
from serving.pipelines.chest_ct import ChestCtPipeline
from serving.pipelines.report.writer import ChestCtReportWriter
from serving.pipelines.settings import PipelineSettings

COARSE = PhantomSpec(slices=48, rows=128, columns=128, spacing_mm=(6.0, 2.96, 2.96))
STABLE, GOOD, WORSE = (f"chest_ct@{n}" for n in (1, 2, 3))
HEADER = StudyHeader("chest_ct", Lane.ROUTINE)


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("phantom") / "study"
    write_study(COARSE, folder)
    return sorted(folder.iterdir())


class Box:
    """The jobs of a box without Ray: one process, the real pipeline, models of thresholds."""

    def __init__(self, state: Path) -> None:
        settings = JobSettings(progress_s=0.05, intake=IntakeSettings(min_free_disk_gb=0))
        self.set_path = state / MODEL_SET_NAME
        self.store = JobStore(state / "jobs.sqlite")
        self.spool = Spool(state / "spool", settings.intake)
        self.results = ResultStore(state / "results")
        self.pairs = PairStore(state / "jobs.sqlite")
        sets = ModelSetFile(self.set_path)
        networks = PipelineSettings(chest_ct_models=(NAME,))
        pipeline = ChestCtPipeline(StudyReader(), ChestCtReportWriter("1"), networks)
        infos = {"chest_ct": pipeline.info}
        self.intake = JobIntake(
            self.store, self.spool, DicomInspector(), infos, settings.intake, sets
        )
        shop = Workshop(
            store=self.store,
            spool=self.spool,
            results=self.results,
            pipelines={"chest_ct": pipeline},
            model_source=lambda name, lane, version: ThresholdModel(version or 1),
            settings=settings,
            kinds=(KIND,),
            model_sets=sets,
            twins=True,
        )
        self.worker = JobWorker(shop)
        self.collector = TwinCollector(self.store, self.spool, self.results, self.pairs)

    def serve(self, **route: object) -> None:
        numbers = (1, 2, 3)
        write_model_set(
            self.set_path,
            ModelSet(
                generation=1,
                versions=tuple(
                    ServedVersion(name=NAME, version=n, manifest_sha256="0" * 64) for n in numbers
                ),
                labels={NAME: {"stable": 1}},
                releases=tuple(
                    Release(name="chest_ct", version=n, pipeline="chest_ct", models={NAME: n})
                    for n in numbers
                ),
                routes=(Route.model_validate({"pipeline": "chest_ct", "stable": STABLE, **route}),),
            ),
        )

    def send(self, slices: list[Path], number: int = 0, caller: str = ""):
        """The phantom as study `number`: the same pixels under other UIDs."""
        study = self.intake.begin(replace(HEADER, caller=caller))
        for path in slices:
            study.write(_renamed(path, number))
            study.end_instance()
        return study.commit()

    def work(self) -> None:
        while self.worker.run_one() or self.worker.run_twin():
            pass


def _renamed(path: Path, number: int) -> bytes:
    data = pydicom.dcmread(path)
    for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(data, name, f"{getattr(data, name)}.{number}")
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    file = io.BytesIO()
    data.save_as(file, enforce_file_format=True)
    return file.getvalue()


@pytest.fixture
def box(tmp_path: Path):
    box = Box(tmp_path)
    yield box
    box.store.close()
    box.pairs.close()


def _report(box: Box, job_id: str) -> dict[str, object]:
    with box.results.open(box.store.get(job_id), "report.json") as file:
        return json.loads(file.read())


def _comparable(report: dict[str, object]) -> dict[str, object]:
    changing = ("job_id", "created_at", "timings_s")
    return {name: value for name, value in report.items() if name not in changing}


def test_a_shadow_changes_no_answer_and_is_measured_beside_it(box, slices):
    box.serve()
    plain = box.send(slices)
    box.work()
    alone = _report(box, plain.job_id)
    assert (alone["release"], alone["models"][0]["version"]) == (STABLE, 1)
    box.store.delete([plain.job_id])
    box.serve(shadow=WORSE)
    shadowed = box.send(slices)
    box.work()
    assert box.collector.collect() == 1
    assert _comparable(_report(box, shadowed.job_id)) == _comparable(alone)
    (pair,) = box.pairs.pairs()
    assert (pair.baseline.release, pair.candidate.release) == (STABLE, WORSE)
    assert pair.agreement.dice < 0.8
    assert pair.agreement.volume_a_ml == pytest.approx(
        alone["findings"]["both_lungs"]["lesion_volume_ml"]
    )
    assert min(pair.baseline.seconds, pair.candidate.seconds) > 0
    assert [job.job_id for job in box.store.list(hidden=True)] == [shadowed.job_id]
    assert box.spool.job_ids() == []


def test_a_worse_canary_is_rolled_back_by_the_rule_and_a_good_one_is_not(box, slices):
    rule = CanaryRule(
        enabled=True, min_studies=3, max_latency_ratio=100.0, automatic_promotion=True
    )
    verdicts = {}
    for canary in (GOOD, WORSE):
        box.serve(canary=canary, callers=("pacs-2",))
        for number in range(3):
            job = box.send(slices, number + (10 if canary is WORSE else 0), "pacs-2")
            assert job.request.release == canary
        box.work()
        box.collector.collect()
        assert _report(box, job.job_id)["release"] == canary
        (found,) = summaries(box.pairs.pairs(STABLE, canary))
        assert (found.studies, found.compared) == (3, 3)
        verdicts[canary] = judge(rule, found)
    assert verdicts[GOOD].decision is Decision.PROMOTE, verdicts
    assert verdicts[WORSE].decision is Decision.ROLLBACK
    assert "median Dice" in verdicts[WORSE].reason
    assert box.store.counts(hidden=True)[JobState.DONE] == 6
