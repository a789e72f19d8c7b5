"""Extract as a pipeline: a cohort's files in, a table of features out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from serving.dicom.settings import DicomSettings
from serving.domain.pipeline import PipelineInfo, StudyTask
from serving.domain.radiomics import REQUEST_FILE, RadiomicsHeader, RadiomicsKind
from serving.domain.slices import Progress, SliceModel
from serving.radiomics.cohort.table import Provenance
from serving.radiomics.job.case_ledger import CaseLedger
from serving.radiomics.job.case_pool import CaseOrder, CasePool
from serving.radiomics.job.cases import job_cases
from serving.radiomics.job.cohort_run import CohortRun
from serving.radiomics.job.extract_results import write_results
from serving.radiomics.job.extraction_request import extraction_settings
from serving.radiomics.job.settings import RadiomicsSettings

RECORDS_FOLDER = "records"
"""Of the job's folder: results case by case, kept over attempts."""


class ExtractJob:
    """A Pipeline (domain); `make_pool` gives each run a pool of its own."""

    def __init__(
        self,
        settings: RadiomicsSettings,
        limits: DicomSettings,
        make_pool: Callable[[], CasePool],
        version: str,
    ) -> None:
        self._settings = settings
        self._limits = limits
        self._make_pool = make_pool
        self.info = PipelineInfo(RadiomicsKind.EXTRACT.pipeline, version, ())

    def run(self, task: StudyTask, models: Mapping[str, SliceModel], progress: Progress) -> None:
        """Goes on where an earlier attempt stopped; a broken case is a line in the table.

        Raises InvalidRequest where the request cannot be read any more; whatever `progress`
        raises passes through.
        """
        folder = task.instances_dir
        header = RadiomicsHeader.model_validate_json((folder / REQUEST_FILE).read_text("utf-8"))
        settings = extraction_settings(header.preset, header.settings_json)
        cases = job_cases(header, folder, self._settings.data_folders)
        orders = [
            CaseOrder(case, cases.root, settings, self._limits) for case in cases.manifest.cases
        ]
        ledger = CaseLedger(folder / RECORDS_FOLDER, settings)
        CohortRun(orders, ledger, self._make_pool(), progress).run()
        progress(1.0, "writing the table")
        about = Provenance(settings, self.info.version)
        write_results(task.results_dir, cases.manifest, ledger, about)
