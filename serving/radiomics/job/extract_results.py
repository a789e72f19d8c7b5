"""The result files of an Extract job: the table twice, and `summary.json`."""

from __future__ import annotations

import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from serving.radiomics.cohort.manifest import Manifest
from serving.radiomics.cohort.summary import CohortSummary, summarise
from serving.radiomics.cohort.table import Provenance, write_table
from serving.radiomics.job.case_ledger import CaseLedger

SUMMARY_NAME = "summary.json"


class ExtractSummary(BaseModel):
    """`summary.json`: counts, a line for each failed case, what the table was made with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    counts: CohortSummary
    rows: int
    """Of the table: one a region, and one a failed case."""
    features: int
    provenance: dict[str, Any]


def write_results(
    folder: Path, manifest: Manifest, ledger: CaseLedger, provenance: Provenance
) -> ExtractSummary:
    """Writes every result file; memory stays bounded, whatever the cohort's size."""
    results = partial(ledger.results, manifest.cases)
    table = write_table(manifest, results, folder, provenance)
    summary = ExtractSummary(
        counts=summarise(results()),
        rows=table.rows,
        features=table.features,
        provenance=json.loads(provenance.to_json()),
    )
    (folder / SUMMARY_NAME).write_text(summary.model_dump_json(indent=2), "utf-8")
    return summary


def check_columns(manifest: Manifest, provenance: Provenance) -> None:
    """Raises InvalidRequest where a column of the manifest would clash with one of the table's.

    Better before hours of work than after them.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_table(manifest, tuple, Path(folder), provenance)
