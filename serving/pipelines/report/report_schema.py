"""The JSON schema of `report.json`, for those who read it."""

from __future__ import annotations

import json
from pathlib import Path

from serving.domain.finding import SCHEMA_VERSION, Report

SCHEMA_FILE = Path(__file__).with_name("report.schema.json")
"""The schema as published; a test compares it with the code."""


def report_schema_text() -> str:
    """The schema (JSON Schema 2020-12) of the current report version, as text."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:aibox:report:{SCHEMA_VERSION}",
        **Report.model_json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_report_schema(path: Path) -> None:
    """Writes the schema to a file."""
    path.write_text(report_schema_text(), encoding="utf-8")
