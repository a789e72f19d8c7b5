"""What is known of a cohort's cases, on disk: results, and deaths of the processes at work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from serving.radiomics.cohort.case_result import CaseResult
from serving.radiomics.cohort.manifest import CohortCase
from serving.radiomics.cohort.record import RecordFolder
from serving.radiomics.settings import ExtractionSettings

_DEATHS = "deaths.json"


class CaseLedger:
    """Survives the death of the process that keeps it; one process at a time."""

    def __init__(self, folder: Path, settings: ExtractionSettings) -> None:
        self._records = RecordFolder(folder, settings)
        self._records.sweep()
        self._deaths_file = folder / _DEATHS
        self._deaths = self._read_deaths()

    def unfinished(self, cases: tuple[CohortCase, ...]) -> tuple[CohortCase, ...]:
        """Those without a result."""
        return self._records.unfinished(cases)

    def keep(self, case: CohortCase, result: CaseResult) -> None:
        """Keeps a result, durably."""
        self._records.write(case, result)

    def results(self, cases: tuple[CohortCase, ...]) -> Iterator[CaseResult]:
        """Results in the order of the cases, one at a time."""
        return self._records.results(cases)

    def note_death(self, case: CohortCase) -> int:
        """Counts a process that ended over this case; returns how many that are now."""
        key = str(case.index)
        self._deaths[key] = self._deaths.get(key, 0) + 1
        scratch = self._deaths_file.with_suffix(".part")
        scratch.write_text(json.dumps(self._deaths), "utf-8")
        scratch.replace(self._deaths_file)
        return self._deaths[key]

    def _read_deaths(self) -> dict[str, int]:
        try:
            found = json.loads(self._deaths_file.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(key): int(count) for key, count in found.items()}
