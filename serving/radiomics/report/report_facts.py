"""What the report is made of, beside the training itself."""

from __future__ import annotations

from dataclasses import dataclass

from serving.radiomics.report.cohort_flow import CohortFlow


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """Name and version of the model, when it was made (ISO 8601, UTC), and the cohort's flow.

    `extraction` says how features were extracted, a line each, as the table's provenance has it;
    empty where the table came from elsewhere.
    """

    name: str
    version: int
    created_at: str
    flow: CohortFlow
    extraction: tuple[tuple[str, str], ...] = ()
