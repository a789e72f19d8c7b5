"""Train and Predict jobs: the work itself, and the child process that does it."""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from serving.domain.errors import InvalidRequest, ModelNotFound
from serving.domain.pipeline import StudyTask
from serving.domain.radiomics import RadiomicsHeader, RadiomicsKind
from serving.radiomics.job.child import Child
from serving.radiomics.job.model_job import ModelJob
from serving.radiomics.job.model_versions import new_version, version_folder
from serving.radiomics.job.model_work import ModelWork

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
REGISTER = tempfile.mkdtemp(prefix="aibox-batch-")
CHILD = (sys.executable, "-m", "serving.graph.modelling_child", REGISTER)


def job(tmp_path: Path, header: RadiomicsHeader, name: str, cases: int = 60) -> Path:
    """The spool folder of a job: a table with one feature that tells the labels apart."""
    folder = tmp_path / name
    (folder / "input").mkdir(parents=True)
    (folder / "request.json").write_text(header.model_dump_json())
    random = np.random.default_rng(3)
    with (folder / "input" / "features.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("case_id", "label", "planted", "noise_a", "noise_b"))
        for index in range(cases):
            label = index % 2
            planted = random.normal() + 3 * label
            writer.writerow((f"c{index}", label, planted, *random.normal(size=2)))
    return folder


def train_header(name: str = "planted") -> RadiomicsHeader:
    return RadiomicsHeader(kind=RadiomicsKind.TRAIN, model_name=name, settings_json=QUICK)


def task(job_folder: Path, tmp_path: Path) -> StudyTask:
    results = tmp_path / f"results-{job_folder.name}"
    results.mkdir()
    return StudyTask("job", job_folder, results, {})


@pytest.mark.timeout(120)
def test_what_a_child_trained_is_predicted_with(tmp_path: Path) -> None:
    models = tmp_path / "models"
    told: list[tuple[float, str]] = []
    train = task(job(tmp_path, train_header(), "train"), tmp_path)
    runner = ModelJob(RadiomicsKind.TRAIN, Child(CHILD, (0,)), models, "1.0")
    runner.run(train, {}, lambda share, stage: told.append((share, stage)))
    assert told[0] == (0.0, "starting")
    assert len({stage for _, stage in told}) > 2
    evaluation = json.loads((train.results_dir / "evaluation.json").read_text())
    assert evaluation["binary"]["auc_delong"]["value"] > 0.9
    assert (models / "planted" / "1" / "model.toml").is_file()
    assert "planted" in (train.results_dir / "report.html").read_text()
    header = RadiomicsHeader(kind=RadiomicsKind.PREDICT, model_name="planted")
    predict = task(job(tmp_path, header, "predict"), tmp_path)
    work = ModelWork(predict.instances_dir, predict.results_dir, models, "1.0", threads=1)
    work.run(lambda share, stage: None)
    with (predict.results_dir / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    right = [int(row["called"] == str(index % 2)) for index, row in enumerate(rows)]
    assert len(rows) == 60
    assert sum(right) > 50


def test_what_a_child_refuses_is_refused_here(tmp_path: Path) -> None:
    small = task(job(tmp_path, train_header(), "small", cases=3), tmp_path)
    runner = ModelJob(RadiomicsKind.TRAIN, Child(CHILD, (0,)), tmp_path / "models", "1.0")
    with pytest.raises(InvalidRequest):
        runner.run(small, {}, lambda share, stage: None)
    assert not (tmp_path / "models").exists()


def test_a_child_ends_when_the_job_is_to_stop(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(share: float, stage: str) -> None:
        raise Stop

    sleeper = Child((sys.executable, "-c", "import time; time.sleep(60)"), (0,))
    with pytest.raises(Stop):
        sleeper.run((), stop)


def test_a_child_that_ends_without_a_word_is_told(tmp_path: Path) -> None:
    dead = Child((sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"), (0,))
    with pytest.raises(Exception, match="ended by itself"):
        dead.run((), lambda share, stage: None)


def test_versions_count_up_and_only_whole_ones_are_found(tmp_path: Path) -> None:
    first, second = new_version(tmp_path, "m"), new_version(tmp_path, "m")
    assert (first.name, second.name) == ("1", "2")
    with pytest.raises(ModelNotFound, match="no model of that name"):
        version_folder(tmp_path, "m", 0)
    (first / "model.toml").write_text("")
    assert version_folder(tmp_path, "m", 0) == first
    with pytest.raises(ModelNotFound, match="no version 2; it has 1"):
        version_folder(tmp_path, "m", 2)
