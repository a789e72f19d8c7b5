"""Bar 5: 200 cases, ten of them broken in ten ways, and `kill -9` of the runner in the middle.

190 give features and 10 a clear line; what was done before the kill is not done again.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from appliance.client import AiboxClient
from appliance.run_files import read_cohort_runner
from appliance.state_dir import StateDir
from loadtests.box import OwnBox, aibox_command
from serving.domain.job import Job, JobState
from serving.domain.manifest import read_manifest
from serving.radiomics.cohort.case_result import CaseResult
from serving.radiomics.job.extract_job import RECORDS_FOLDER
from serving.radiomics.job.extract_results import ExtractSummary
from tests.unit.radiomics.cohort_files import SENTENCES, CohortFiles, write_cohort

GOOD, BROKEN = 190, 10
SETTINGS = json.dumps({"families": ["statistics", "glcm"]})
QUICK = json.dumps(
    {
        "models": ["lasso_logistic"],
        "search": "quick",
        "outer_folds": 3,
        "inner_folds": 2,
        "lasso_folds": 3,
        "bootstraps": 100,
    }
)
KILL_AFTER = 60
TIMEOUT_S = 180.0


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> CohortFiles:
    return write_cohort(tmp_path_factory.mktemp("cohort"), good=GOOD)


@pytest.mark.timeout(300)
def test_a_cohort_survives_its_broken_cases_and_the_death_of_its_runner(
    box: OwnBox, cohort: CohortFiles, tmp_path: Path
) -> None:
    with AiboxClient(box.address) as client:
        job = client.radiomics.extract(cohort.manifest, settings_json=SETTINGS)
        records = box.state_dir / "spool" / job.job_id / RECORDS_FOLDER
        _wait_for(records, KILL_AFTER)
        os.kill(_runner_pid(box), signal.SIGKILL)
        before = _results(records)
        assert len(before) < GOOD + BROKEN, "the runner was to die in the middle"
        ended = client.wait(job.job_id)
        client.fetch(ended, tmp_path)
    _assert_all_there(ended, cohort, tmp_path)
    assert ended.attempt == 2
    after = {int(row["row"]) - 1: float(row["seconds"]) for row in _rows(tmp_path / "features.csv")}
    assert {index: after[index] for index in before} == before


@pytest.fixture(scope="module")
def planted(box: OwnBox, cohort: CohortFiles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the jobs left that extracted the cohort, trained a model and applied it."""
    folder = tmp_path_factory.mktemp("planted")
    with AiboxClient(box.address) as client:
        extract = client.wait(
            client.radiomics.extract(cohort.manifest, settings_json=SETTINGS).job_id
        )
        client.fetch(_done(extract), folder)
        train = client.radiomics.train(extract.job_id, name="planted", settings_json=QUICK)
        client.fetch(_done(client.wait(train.job_id)), folder)
        predict = client.radiomics.predict(extract.job_id, name="planted")
        client.fetch_file(_done(client.wait(predict.job_id)), "predictions.csv", folder)
    return folder


@pytest.mark.timeout(200)
def test_a_model_is_trained_of_a_jobs_table_and_applied(planted: Path) -> None:
    assert {"report.html", "evaluation.json", "model.json"} <= {f.name for f in planted.iterdir()}
    evaluation = json.loads((planted / "evaluation.json").read_text())
    assert evaluation["binary"]["auc_delong"]["value"] > 0.95
    assert len(_rows(planted / "predictions.csv")) == GOOD


@pytest.mark.timeout(200)
def test_a_linear_model_answers_model_infer_as_predict_does(
    box: OwnBox, planted: Path, tmp_path: Path
) -> None:
    """On a box that starts with the model, as this one does when it starts anew."""
    state = StateDir(tmp_path / "state")
    state.prepare()
    shutil.copytree(box.state_dir / "models/planted", state.models / "planted")
    manifest = read_manifest(state.models / "planted/1")
    names = manifest.inputs[0].meaning.partition(": ")[2].split(", ")
    cases = [row for row in _rows(planted / "features.csv") if row["status"] == "ok"]
    features = np.array([[float(row[name] or "nan") for name in names] for row in cases])
    told = [float(row["score"]) for row in _rows(planted / "predictions.csv")]
    with OwnBox(state_dir=state.root) as other, AiboxClient(other.address) as client:
        found = client.infer("planted", {"features": features.astype(np.float32)})["probability"]
    assert found[:, 0] == pytest.approx(told, abs=1e-4)


def test_case_ids_and_paths_are_in_no_log(box: OwnBox, cohort: CohortFiles) -> None:
    secrets = (b"patient-", cohort.root.name.encode(), b"image-001")
    logs = [path for path in (box.state_dir / "logs").rglob("*") if path.is_file()]
    assert any(path.name.startswith("cohorts") for path in logs)
    for path in logs:
        content = path.read_bytes()
        assert [secret for secret in secrets if secret in content] == [], path.name


def test_the_shell_lists_failed_cases_and_is_done(box: OwnBox, tmp_path: Path) -> None:
    small = write_cohort(tmp_path / "cohort", good=2)
    settings = tmp_path / "settings.toml"
    settings.write_text('families = ["statistics", "glcm"]\n')
    options = ("--manifest", str(small.manifest), "--out", str(tmp_path / "out"))
    chosen = ("--preset", "ibsi-a", "--settings", str(settings))
    done = _aibox(box, "extract", *options, *chosen, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["cases"], said["done"], said["failed"]) == (12, 2, 10)
    assert len(set(said["errors"])) == 10
    assert {"features.csv", "features.parquet", "summary.json"} == {
        path.name for path in (tmp_path / "out").iterdir()
    }
    one = tmp_path / "one.csv"
    good = next(n for n in range(1, 13) if n not in small.broken)
    names = (small.root / f"image-{good:03d}.nii.gz", small.root / f"mask-{good:03d}.nii.gz")
    case = ("--image", str(names[0]), "--mask", str(names[1]), *chosen)
    assert _aibox(box, "extract", *case, "--out", str(one)).returncode == 0
    here = tmp_path / "here.csv"
    assert _aibox(box, "extract", *case, "--local", "--out", str(here)).returncode == 0
    on_box, local = (_features(path) for path in (one, here))
    assert on_box == local
    assert len(on_box) > 50


def test_files_in_place_need_the_setting(box: OwnBox, cohort: CohortFiles, tmp_path: Path) -> None:
    options = ("--manifest", str(cohort.manifest), "--in-place", "--out", str(tmp_path / "out"))
    done = _aibox(box, "extract", *options)
    assert done.returncode == 1
    assert "radiomics.data_folders" in done.stderr


def _assert_all_there(job: Job, cohort: CohortFiles, folder: Path) -> None:
    assert job.state is JobState.DONE, job.error_message
    rows = _rows(folder / "features.csv")
    assert sum(row["status"] == "ok" for row in rows) == GOOD
    summary = ExtractSummary.model_validate_json((folder / "summary.json").read_text())
    counts = summary.counts
    assert (counts.cases, counts.done, counts.failed) == (GOOD + BROKEN, GOOD, BROKEN)
    lines = dict(zip(cohort.broken, counts.errors, strict=True))
    for index, way in cohort.broken.items():
        assert lines[index].startswith(f"case {index} (row {index + 1}): ")
        assert SENTENCES[way] in lines[index] or way == "truncated DICOM", lines[index]
    assert len({line.partition(": ")[2] for line in counts.errors}) == BROKEN
    assert "patient-" not in summary.model_dump_json()


def _wait_for(records: Path, count: int) -> None:
    deadline_s = time.monotonic() + TIMEOUT_S
    while len(list(records.glob("case-*.json"))) < count:
        assert time.monotonic() < deadline_s, "the cohort does not get on"
        time.sleep(0.05)


def _runner_pid(box: OwnBox) -> int:
    report = read_cohort_runner(StateDir(box.state_dir))
    assert report is not None
    return report.pid


def _results(records: Path) -> dict[int, float]:
    """Seconds that each case took that is done: another run would have taken others."""
    texts = [json.loads(path.read_text())["result"] for path in records.glob("case-*.json")]
    found = [CaseResult.model_validate_json(json.dumps(text)) for text in texts]
    return {result.index: result.seconds for result in found}


def _done(job: Job) -> Job:
    assert job.state is JobState.DONE, job.error_message
    return job


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _features(path: Path) -> dict[str, str]:
    with path.open(newline="") as file:
        (row,) = csv.DictReader(file)
    names = list(row)
    return {name: row[name] for name in names[names.index("settings_digest") + 1 :]}


def _aibox(box: OwnBox, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [aibox_command(), "radiomics", *arguments],
        env=box.environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
