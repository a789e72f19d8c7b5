"""The cells of a manifest, from CSV or Parquet."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from serving.domain.errors import InvalidRequest

ManifestFormat = Literal["csv", "parquet"]
Row = tuple[int, tuple[str, ...]]
"""Its number, the heading being row 1, and its cells."""

MAX_CASES = 200_000
_PARQUET_MAGIC = b"PAR1"
_SEPARATORS = ",;\t"
_MOST_BYTES_A_COLUMN = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ManifestTable:
    """All cells as text; empty rows are left out."""

    heading: tuple[str, ...]
    rows: tuple[Row, ...]


def format_of(data: bytes) -> ManifestFormat:
    """Parquet says so in its first bytes; anything else is taken for CSV."""
    return "parquet" if data.startswith(_PARQUET_MAGIC) else "csv"


def read_manifest_table(data: bytes, format: ManifestFormat) -> ManifestTable:
    """Raises InvalidRequest: no text, no heading, too many rows, broken Parquet."""
    found = _from_parquet(data) if format == "parquet" else _from_csv(data)
    if len(found.rows) > MAX_CASES:
        raise _too_many()
    return found


def _from_csv(data: bytes) -> ManifestTable:
    text = _decoded(data)
    first = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        rows = tuple(_numbered(reader))
    except csv.Error:
        raise InvalidRequest(
            "the manifest is not CSV: a text in quotes does not end, or a cell is far too long"
        ) from None
    if not rows:
        raise InvalidRequest("expected a manifest, and an empty file came")
    return ManifestTable(rows[0][1], rows[1:])


def _numbered(reader: Iterator[list[str]]) -> Iterator[Row]:
    for number, cells in enumerate(reader, start=1):
        if any(cell.strip() for cell in cells):
            yield number, tuple(cells)
        if number > MAX_CASES + 1:
            raise _too_many()


def _decoded(data: bytes) -> str:
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidRequest(
            "the manifest is not text in UTF-8; save it as CSV UTF-8 or as Parquet"
        ) from None


def _from_parquet(data: bytes) -> ManifestTable:
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        meta = file.metadata
        sizes = [meta.row_group(n).total_byte_size for n in range(meta.num_row_groups)]
        names = tuple(str(name) for name in file.schema_arrow.names)
        if meta.num_rows > MAX_CASES or sum(sizes) > _MOST_BYTES_A_COLUMN * max(1, len(names)):
            raise _too_many()
        columns = [[_text(cell) for cell in column.to_pylist()] for column in file.read().columns]
    except InvalidRequest:
        raise
    except Exception:  # whatever a broken file raises, its text may quote what it holds
        raise InvalidRequest("the manifest is not Parquet, or it is broken") from None
    rows = enumerate(zip(*columns, strict=True), start=2)
    return ManifestTable(names, tuple((n, cells) for n, cells in rows if any(cells)))


def _text(cell: object) -> str:
    """As CSV would hold it: whole numbers without a point, nothing for a missing value."""
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, bool):
        return str(int(cell))
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _too_many() -> InvalidRequest:
    return InvalidRequest(f"a manifest has at most {MAX_CASES} cases; split the cohort")
