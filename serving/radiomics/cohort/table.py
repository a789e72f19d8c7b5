"""The table of a cohort: one row a region, every case in it, the failed ones too."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from serving.domain.errors import InvalidRequest
from serving.radiomics.cohort.case_result import CaseResult, RoiRow
from serving.radiomics.cohort.manifest import CohortCase, Manifest
from serving.radiomics.settings import ExtractionSettings

LAST_COLUMN_BEFORE_FEATURES = "settings_digest"
"""Every column after it is a feature, in both files."""
PARQUET_NAME = "features.parquet"
CSV_NAME = "features.csv"
_BATCH_ROWS = 256
_METADATA_KEY = b"aibox.provenance"
_LIBRARIES = ("numpy", "scipy", "numba", "pydicom", "nibabel", "pynrrd", "pywavelets", "pyarrow")
_FIRST = ("case_id", "repeat", "roi", "roi_number", "status", "error", "notices", "seconds")
_OUTCOMES = ("label", "time", "event", "group", "centre")
_LAST = ("modality", "peak_memory_mb", "row", "box_version", LAST_COLUMN_BEFORE_FEATURES)
_NUMBERS = {
    "roi_number": pa.int64(),
    "seconds": pa.float64(),
    "time": pa.float64(),
    "event": pa.int8(),
    "peak_memory_mb": pa.float64(),
    "row": pa.int64(),
}
_MIB = 1024 * 1024

Results = Callable[[], Iterable[CaseResult]]
"""The results of all cases, in the manifest's order; called twice, so that none need be kept."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a table was made with."""

    settings: ExtractionSettings
    box_version: str

    def to_json(self) -> str:
        """Settings in force, their digest, the box's version and those of the libraries."""
        return json.dumps(
            {
                "box_version": self.box_version,
                "settings_digest": self.settings.digest,
                "settings": self.settings.model_dump(mode="json"),
                "python": platform.python_version(),
                "libraries": {name: _version(name) for name in _LIBRARIES},
            }
        )


@dataclass(frozen=True, slots=True)
class TableFiles:
    """Where the table lies, and how many rows and features it has."""

    parquet: Path
    csv: Path
    rows: int
    features: int


def write_table(
    manifest: Manifest, results: Results, folder: Path, provenance: Provenance
) -> TableFiles:
    """Writes `PARQUET_NAME` and `CSV_NAME` into `folder`, whole or not at all.

    Columns: those of `_FIRST`, the outcomes, the manifest's own, those of `_LAST`, then features
    in the order in which they first occur. A missing feature is empty (null). Memory is bounded by
    one batch of rows, whatever the cohort's size. Raises InvalidRequest where a column of the
    manifest has the name of one of the table's.
    """
    features = _feature_names(results())
    schema = _schema(manifest, features, provenance)
    paths = folder / PARQUET_NAME, folder / CSV_NAME
    parts = tuple(path.with_name(f".{path.name}.part") for path in paths)
    rows = 0
    with (
        pa.parquet.ParquetWriter(parts[0], schema, compression="zstd") as parquet,
        pa.csv.CSVWriter(parts[1], schema) as csv,
    ):
        for batch in _batches(_rows(manifest, results(), provenance), schema):
            rows += batch.num_rows
            parquet.write_batch(batch)
            csv.write_batch(batch)
    for part, path in zip(parts, paths, strict=True):
        part.replace(path)
    return TableFiles(*paths, rows=rows, features=len(features))


def feature_columns(names: Iterable[str]) -> tuple[str, ...]:
    """Which of a table's columns are features: those after `LAST_COLUMN_BEFORE_FEATURES`.

    Raises InvalidRequest where the table is none of a cohort.
    """
    found = tuple(names)
    if LAST_COLUMN_BEFORE_FEATURES not in found:
        raise InvalidRequest(
            f"expected a table of features with a column {LAST_COLUMN_BEFORE_FEATURES}, as an "
            "extraction writes it, and the table has none"
        )
    return found[found.index(LAST_COLUMN_BEFORE_FEATURES) + 1 :]


def provenance_of(path: Path) -> str:
    """The JSON that `Provenance.to_json` wrote into a Parquet table; empty where there is none."""
    metadata = pa.parquet.read_schema(path).metadata or {}
    return str(metadata.get(_METADATA_KEY, b"").decode("utf-8"))


def _feature_names(results: Iterable[CaseResult]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for result in results:
        for row in result.rows:
            names.update(dict.fromkeys(row.features))
    return tuple(names)


def _schema(manifest: Manifest, features: tuple[str, ...], provenance: Provenance) -> pa.Schema:
    before = (*_FIRST, *_OUTCOMES, *manifest.extra_columns, *_LAST)
    if len({*before, *features}) < len(before) + len(features):
        raise InvalidRequest(
            "a column of the manifest has the name of a column of results or of a feature, such as "
            "status or error; rename it"
        )
    types = {"label": _label_type(manifest), **_NUMBERS}
    fields = [pa.field(name, types.get(name, pa.string())) for name in before]
    fields += [pa.field(name, pa.float64()) for name in features]
    return pa.schema(fields, metadata={_METADATA_KEY: provenance.to_json().encode()})


def _label_type(manifest: Manifest) -> pa.DataType:
    """Numbers where every label is one, else text."""
    labels = [case.label for case in manifest.cases if case.label is not None]
    return pa.float64() if labels and all(map(_is_number, labels)) else pa.string()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _rows(
    manifest: Manifest, results: Iterable[CaseResult], provenance: Provenance
) -> Iterator[dict[str, Any]]:
    cases = {case.index: case for case in manifest.cases}
    constant = {
        "box_version": provenance.box_version,
        LAST_COLUMN_BEFORE_FEATURES: provenance.settings.digest,
    }
    for result in results:
        case = cases[result.index]
        about = {**constant, **_about_case(case), **_about_result(result)}
        for row in result.rows:
            yield {**about, **_about_region(row, result)}
        if not result.rows:
            yield about


def _about_case(case: CohortCase) -> dict[str, Any]:
    event = None if case.event is None else int(case.event)
    named = {name: getattr(case, name) for name in (*_OUTCOMES, "case_id", "repeat", "row")}
    return {**{name: text or None for name, text in case.extra}, **named, "event": event}


def _about_result(result: CaseResult) -> dict[str, Any]:
    return {
        "status": result.status,
        "error": result.error,
        "notices": " ".join(result.notices),
        "seconds": result.seconds,
        "modality": result.modality,
        "peak_memory_mb": round(result.peak_memory_bytes / _MIB, 1),
    }


def _about_region(row: RoiRow, result: CaseResult) -> dict[str, Any]:
    return {
        **row.features,
        "roi": row.roi,
        "roi_number": row.number,
        "status": row.status,
        "error": row.error,
        "notices": " ".join((*result.notices, *row.notices)),
    }


def _batches(rows: Iterable[dict[str, Any]], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    waiting: list[dict[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == _BATCH_ROWS:
            yield _batch(waiting, schema)
            waiting = []
    if waiting:
        yield _batch(waiting, schema)


def _batch(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Not-a-number becomes null: other programs read that as a missing value from both files."""
    arrays = [_array([row.get(field.name) for row in rows], field) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(cells: list[Any], field: pa.Field) -> pa.Array:
    if pa.types.is_floating(field.type):
        numbers = [None if cell is None else float(cell) for cell in cells]
        return pa.array(numbers, type=field.type, from_pandas=True)
    return pa.array(cells, type=field.type)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
