"""Results of cases on disk, one JSON file each, so that a cohort goes on where it was stopped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

from pydantic import BaseModel, ConfigDict, ValidationError

from serving.radiomics.cohort.case_result import CaseResult
from serving.radiomics.cohort.manifest import CohortCase
from serving.radiomics.settings import ExtractionSettings


class _Record(BaseModel):
    """A file: the result, and of what it is the result."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    fingerprint: str
    result: CaseResult


class RecordFolder:
    """Records of one cohort under one set of settings; safe for several writers.

    A record is there whole or not at all, and only counts for the case and settings that it was
    made of.
    """

    def __init__(self, folder: Path, settings: ExtractionSettings) -> None:
        """Makes the folder where it is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._digest = settings.digest

    def write(self, case: CohortCase, result: CaseResult) -> None:
        """Keeps `result` over any earlier one, on disk when this returns."""
        record = _Record(fingerprint=self._fingerprint(case), result=result)
        with NamedTemporaryFile("w", dir=self._folder, suffix=".part", delete=False) as file:
            file.write(record.model_dump_json())
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(self._path(case))

    def read(self, case: CohortCase) -> CaseResult | None:
        """The result of the case; None where there is none or it is of another case."""
        try:
            text = self._path(case).read_text(encoding="utf-8")
            record = _Record.model_validate_json(text)
        except (OSError, UnicodeDecodeError, ValidationError):
            return None
        return record.result if record.fingerprint == self._fingerprint(case) else None

    def results(self, cases: Iterator[CohortCase] | tuple[CohortCase, ...]) -> Iterator[CaseResult]:
        """The results of those of `cases` that have one, in their order, read one at a time."""
        for case in cases:
            found = self.read(case)
            if found is not None:
                yield found

    def unfinished(self, cases: tuple[CohortCase, ...]) -> tuple[CohortCase, ...]:
        """Those of `cases` that have no result yet."""
        return tuple(case for case in cases if self.read(case) is None)

    def sweep(self) -> None:
        """Removes what a crash left half written; call before any writer starts."""
        for path in self._folder.glob("*.part"):
            path.unlink(missing_ok=True)

    def _path(self, case: CohortCase) -> Path:
        return self._folder / f"case-{case.index:06d}.json"

    def _fingerprint(self, case: CohortCase) -> str:
        return sha256(f"{self._digest}\n{case!r}".encode()).hexdigest()
