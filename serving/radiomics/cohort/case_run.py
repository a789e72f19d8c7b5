"""One case of a cohort: files in, features or a clear sentence out."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path

from serving.dicom.settings import DicomSettings
from serving.domain.errors import AiboxError, InvalidRequest
from serving.radiomics.cohort.case_result import CaseResult, RoiRow
from serving.radiomics.cohort.manifest import CohortCase
from serving.radiomics.cohort.peak_memory import PeakMemory
from serving.radiomics.extract import extract
from serving.radiomics.reading.case import OpenCase, open_case
from serving.radiomics.reading.mask_source import Entry
from serving.radiomics.reading.roi_selection import RoiSelection
from serving.radiomics.settings import ExtractionSettings

__all__ = ["CaseResult", "run_case"]
_log = logging.getLogger(__name__)
_NO_LIMITS = DicomSettings()
_UNFORESEEN = (
    "the case could not be computed for a reason that the box did not foresee; look at its image "
    "and mask, and tell support if both are sound"
)


def run_case(
    case: CohortCase,
    root: Path,
    settings: ExtractionSettings,
    limits: DicomSettings = _NO_LIMITS,
) -> CaseResult:
    """The features of the case's regions; its paths are looked up in the folder `root`.

    Never raises for what stands in the files: the result says what is wrong in one sentence. Only
    MemoryError passes through, since whoever set the limit knows what to do.
    """
    started_s = time.monotonic()
    peak = PeakMemory()
    try:
        found = _run(case, root, settings, limits)
    except MemoryError:
        raise
    except Exception as error:
        found = CaseResult.failed(case, _sentence(error))
    seconds = round(time.monotonic() - started_s, 3)
    return found.model_copy(update={"seconds": seconds, "peak_memory_bytes": peak.bytes})


def _run(
    case: CohortCase, root: Path, settings: ExtractionSettings, limits: DicomSettings
) -> CaseResult:
    opened = open_case(
        inside(root, case.image, "image"),
        None if case.mask is None else inside(root, case.mask, "mask"),
        RoiSelection.parse(case.roi),
        limits,
    )
    rows = tuple(_rows(opened, settings))
    broken = [row.error for row in rows if row.error]
    failed = len(broken) == len(rows)
    return CaseResult(
        index=case.index,
        row=case.row,
        status="failed" if failed else "ok",
        rows=() if failed else rows,
        error=broken[0] if failed else "",
        notices=opened.notices,
        modality=opened.modality,
    )


def _rows(opened: OpenCase, settings: ExtractionSettings) -> Iterator[RoiRow]:
    for entry in opened.entries:
        try:
            yield _row(opened, entry, settings)
        except MemoryError:
            raise
        except Exception as error:
            yield RoiRow(roi=entry.name, number=entry.number, error=_sentence(error))


def _row(opened: OpenCase, entry: Entry, settings: ExtractionSettings) -> RoiRow:
    roi, notices = opened.roi(entry)
    features = extract(opened.image, roi, settings)
    return RoiRow(roi=entry.name, number=entry.number, features=features, notices=notices)


def inside(root: Path, text: str, what: str) -> Path:
    """The path `text` in the folder `root`, links followed.

    Raises InvalidRequest where it leads out of it.
    """
    base = root.resolve()
    try:
        found = (base / text).resolve()
    except (OSError, RuntimeError, ValueError):
        found = base.parent
    if not found.is_relative_to(base):
        raise InvalidRequest(
            f"the path of the {what} leads out of the folder that the cohort lies in; move the "
            "files there or name another folder"
        )
    return found


def _sentence(error: Exception) -> str:
    """The message of a domain error; texts of others may hold patient data and stay here."""
    if isinstance(error, AiboxError):
        return error.message
    _log.error("a case could not be computed: %s", type(error).__name__)
    return _UNFORESEEN
