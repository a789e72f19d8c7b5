"""The result files of a Train job beside the stored model."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from serving.radiomics.cohort.table import provenance_of
from serving.radiomics.modelling.feature_table import FeatureTable
from serving.radiomics.modelling.train import Trained
from serving.radiomics.report.cohort_flow import cohort_flow
from serving.radiomics.report.page import write_report
from serving.radiomics.report.report_facts import ReportFacts

EVALUATION = "evaluation.json"


def write_train_results(
    folder: Path, trained: Trained, table: FeatureTable, source: Path, name: str, version: int
) -> None:
    """Writes the evaluation as JSON, and the report; `source` is the file of the table."""
    (folder / EVALUATION).write_text(trained.evaluation.to_json(), "utf-8")
    facts = ReportFacts(
        name=name,
        version=version,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        flow=cohort_flow(table),
        extraction=_extraction(source),
    )
    write_report(trained, facts, folder)


def _extraction(source: Path) -> tuple[tuple[str, str], ...]:
    """How the features were extracted, a line each; nothing for a table of other origin."""
    text = provenance_of(source) if source.suffix == ".parquet" else ""
    if not text:
        return ()
    found = json.loads(text)
    settings = found.pop("settings", {})
    lines = {**settings, **found, **found.pop("libraries", {})}
    return tuple((str(key), _words(value)) for key, value in lines.items() if key != "libraries")


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(part)}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_words, value)) or "none"
    return "none" if value is None else str(value)
