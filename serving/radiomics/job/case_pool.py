"""Where cases are computed: orders go in, ends come out, in any order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from serving.dicom.settings import DicomSettings
from serving.radiomics.cohort.case_result import CaseResult
from serving.radiomics.cohort.manifest import CohortCase
from serving.radiomics.settings import ExtractionSettings


@dataclass(frozen=True, slots=True)
class CaseOrder:
    """One case to compute; `whole`: alone, with all the memory that the box has for cases."""

    case: CohortCase
    root: Path
    settings: ExtractionSettings
    limits: DicomSettings
    whole: bool = False


class Loss(StrEnum):
    """Why an order ended without a result."""

    DIED = "died"
    """The process that worked on it ended."""
    TIMEOUT = "timeout"
    MEMORY = "memory"
    """It needed more than its share of the memory."""


@dataclass(frozen=True, slots=True)
class CaseEnd:
    """How an order ended: with a result, good or bad, or with a loss."""

    order: CaseOrder
    result: CaseResult | None
    loss: Loss | None = None


class CasePool(Protocol):
    """Computes cases in processes of its own; belongs to one thread."""

    def room(self) -> int:
        """How many more orders would be at work at once; at least one where nothing is."""
        ...

    def start(self, order: CaseOrder) -> None:
        """Takes an order without waiting for it."""
        ...

    def wait(self, timeout_s: float) -> list[CaseEnd]:
        """Orders that have ended, as soon as there is one; none after the timeout."""
        ...

    def stop(self) -> None:
        """Gives up what is at work."""
        ...
