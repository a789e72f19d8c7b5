"""A cohort in short: how many cases gave features, and what is wrong with the others."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from serving.radiomics.cohort.case_result import CaseResult


class CohortSummary(BaseModel):
    """Counts and error lines; holds no patient data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cases: int
    done: int
    failed: int
    regions: int
    """Regions with features, over all cases."""
    errors: tuple[str, ...]
    """One line a failed case, in the manifest's order."""
    region_errors: tuple[str, ...]
    """One line a failed region of a case that is done."""
    notices: tuple[str, ...]
    """One line a notice."""


def summarise(results: Iterable[CaseResult]) -> CohortSummary:
    """The summary of `results`, which come in the manifest's order, each read once."""
    cases = regions = 0
    errors: list[str] = []
    region_errors: list[str] = []
    notices: list[str] = []
    for result in results:
        cases += 1
        if result.status == "failed":
            errors.append(result.line)
        regions += sum(row.status == "ok" for row in result.rows)
        where = f"case {result.index} (row {result.row})"
        region_errors += [f"{where}, region {r.number}: {r.error}" for r in result.rows if r.error]
        notices += [f"{where}: {notice}" for notice in result.notices]
        notices += [f"{where}, region {r.number}: {n}" for r in result.rows for n in r.notices]
    return CohortSummary(
        cases=cases,
        done=cases - len(errors),
        failed=len(errors),
        regions=regions,
        errors=tuple(errors),
        region_errors=tuple(region_errors),
        notices=tuple(notices),
    )
