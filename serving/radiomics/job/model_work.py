"""What a Train or Predict job does in its own process."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from serving.domain.radiomics import REQUEST_FILE, RadiomicsHeader, RadiomicsKind
from serving.domain.slices import Progress
from serving.radiomics.job.model_versions import new_version, version_folder
from serving.radiomics.job.request_check import table_file
from serving.radiomics.job.train_results import write_train_results
from serving.radiomics.job.training_request import training_settings
from serving.radiomics.modelling.model_entry import read_entry, write_entry
from serving.radiomics.modelling.predict import Prediction, predict
from serving.radiomics.modelling.read_table import read_feature_table
from serving.radiomics.modelling.train import train

PREDICTIONS = "predictions.csv"
MODEL = "model.json"


class ModelWork:
    """One job: its folder in the spool, the folder of its results, the box's trained models."""

    def __init__(
        self, job: Path, results: Path, models: Path, box_version: str, threads: int
    ) -> None:
        self._job = job
        self._results = results
        self._models = models
        self._box_version = box_version
        self._threads = threads
        text = (job / REQUEST_FILE).read_text("utf-8")
        self._header = RadiomicsHeader.model_validate_json(text)

    def run(self, progress: Progress) -> None:
        """Raises AiboxError: a table that cannot be used, a model that is not there."""
        if self._header.kind is RadiomicsKind.TRAIN:
            self._train(progress)
        else:
            self._predict(progress)

    def _train(self, progress: Progress) -> None:
        """The version is stored last: a job that fails before leaves no model behind."""
        settings = training_settings(self._header.settings_json)
        settings = settings.model_copy(update={"max_threads": self._threads})
        source, name = table_file(self._job), self._header.model_name
        table = read_feature_table(source, settings.columns)
        trained = train(table, settings, lambda share, stage: progress(0.9 * share, stage))
        progress(0.9, "writing the report")
        folder = new_version(self._models, name)
        version = int(folder.name)
        write_train_results(self._results, trained, table, source, name, version)
        write_entry(trained.model, trained.evaluation, name, version, folder)
        self._say_which(version)

    def _predict(self, progress: Progress) -> None:
        header = self._header
        progress(0.0, "reading the model")
        folder = version_folder(self._models, header.model_name, header.model_version)
        _, model = read_entry(folder)
        columns = model.facts.settings.columns
        table = read_feature_table(table_file(self._job), columns, with_outcome=False)
        progress(0.5, "predicting")
        _write_predictions(self._results / PREDICTIONS, predict(model, table))
        self._say_which(int(folder.name))

    def _say_which(self, version: int) -> None:
        """`model.json`: the version that was made or applied."""
        about = {
            "name": self._header.model_name,
            "version": version,
            "box_version": self._box_version,
        }
        (self._results / MODEL).write_text(json.dumps(about, indent=2), "utf-8")


def _write_predictions(path: Path, predictions: tuple[Prediction, ...]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("case_id", "score", "called", "missing_features"))
        for one in predictions:
            writer.writerow((one.case_id, repr(one.score), one.called, one.missing))
