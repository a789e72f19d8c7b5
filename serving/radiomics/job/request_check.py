"""Looks at a radiomics request before a job is made of it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from serving.domain.errors import InvalidRequest
from serving.domain.radiomics import INPUT_FOLDER, RadiomicsHeader, RadiomicsKind
from serving.radiomics.cohort.table import Provenance
from serving.radiomics.job.cases import job_cases
from serving.radiomics.job.extract_results import check_columns
from serving.radiomics.job.extraction_request import extraction_settings
from serving.radiomics.job.settings import RadiomicsSettings
from serving.radiomics.job.training_request import check_model_name, training_settings

TABLE_NAMES = ("features.parquet", "features.csv")


class RadiomicsCheck:
    """A RequestCheck (domain); `taken` says which model names are not free for training."""

    def __init__(
        self, settings: RadiomicsSettings, taken: Callable[[], Collection[str]] = tuple
    ) -> None:
        self._settings = settings
        self._taken = taken

    def check(self, header: RadiomicsHeader, folder: Path) -> str:
        """What the job depends on beside header and files. Raises InvalidRequest."""
        if header.kind is RadiomicsKind.EXTRACT:
            return self._extract(header, folder)
        table_file(folder)
        check_model_name(header.model_name)
        if header.kind is RadiomicsKind.TRAIN:
            training_settings(header.settings_json)
            if header.model_name in self._taken():
                raise InvalidRequest(
                    "a model of this box that was not trained here has that name; choose another"
                )
        return ""

    def _extract(self, header: RadiomicsHeader, folder: Path) -> str:
        """Size and time of the files that lie on the box: they may change under their names."""
        settings = extraction_settings(header.preset, header.settings_json)
        cases = job_cases(header, folder, self._settings.data_folders)
        check_columns(cases.manifest, Provenance(settings, ""))
        if not header.in_place:
            return ""
        return "\n".join(_stamp(path) for path in cases.paths())


def table_file(folder: Path) -> Path:
    """The feature table of a Train or Predict job. Raises InvalidRequest where there is none."""
    for name in TABLE_NAMES:
        path = folder / INPUT_FOLDER / name
        if path.is_file():
            return path
    raise InvalidRequest(
        "a feature table is sent as features.parquet or features.csv, or named by the id of its "
        "Extract job; neither came"
    )


def _stamp(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime_ns}"
