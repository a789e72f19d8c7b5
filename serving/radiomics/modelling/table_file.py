"""A table of features as it stands in a file: Parquet, or CSV with any usual separator."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd

from serving.domain.errors import InvalidRequest
from serving.domain.volume import Float64
from serving.radiomics.cohort.table import LAST_COLUMN_BEFORE_FEATURES
from serving.radiomics.modelling.settings import Columns

_PARQUET = b"PAR1"
_SEPARATORS = ",;\t"
_NEVER_FEATURES = (
    "case_id",
    "case",
    "image",
    "mask",
    "roi",
    "roi_number",
    "status",
    "error",
    "notices",
    "seconds",
    "modality",
    "peak_memory_mb",
    "row",
    "box_version",
    "settings_digest",
    "label",
    "time",
    "event",
    "group",
    "centre",
    "repeat",
    "diagnostics_*",
)
_IDENTIFIERS = ("*_id", "id", "*id", "index", "unnamed*", "patient*", "subject*", "no", "nr")


def read_frame(path: Path, columns: Columns) -> pd.DataFrame:
    """The file's rows and columns. Raises InvalidRequest where it is no such table."""
    texts = [columns.case_id, columns.roi, columns.repeat, columns.group, columns.centre]
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if head == _PARQUET:
            frame = pd.read_parquet(path)
        else:
            kinds = {name: str for name in texts if name}
            frame = pd.read_csv(path, sep=_separator(path), dtype=kinds, encoding="utf-8-sig")
    except OSError:
        raise InvalidRequest(
            "expected a table of features, and no file can be opened at its path"
        ) from None
    except (ValueError, pd.errors.ParserError):
        raise InvalidRequest(
            "expected a table of features as CSV (UTF-8, one heading row) or Parquet, and the file "
            "is neither"
        ) from None
    if frame.empty:
        raise InvalidRequest("expected a table of features, and it has no rows")
    return frame


def feature_names(frame: pd.DataFrame, columns: Columns) -> tuple[str, ...]:
    """Which columns are features.

    In a table that an extraction wrote, those behind its own columns and `columns.clinical`;
    in any other, all that have no other meaning.
    """
    names = [str(name) for name in frame.columns]
    if LAST_COLUMN_BEFORE_FEATURES in names:
        names = names[names.index(LAST_COLUMN_BEFORE_FEATURES) + 1 :]
        names += [name for name in columns.clinical if name not in names]
        absent = [name for name in columns.clinical if name not in frame.columns]
        if absent:
            raise InvalidRequest(f"the table has no column {absent[0]}, which clinical names")
    spoken_for = (*_NEVER_FEATURES, *_with_meaning(columns), *columns.ignored)
    return tuple(
        name
        for name in names
        if name in columns.clinical or not any(fnmatchcase(name, each) for each in spoken_for)
    )


def feature_values(frame: pd.DataFrame, names: tuple[str, ...]) -> Float64:
    """(rows, features) as numbers, NaN where a cell is empty or infinite.

    Raises InvalidRequest for a column that is no measurement.
    """
    values = np.empty((len(frame), len(names)))
    for place, name in enumerate(names):
        column = frame[name]
        try:
            values[:, place] = pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan)
        except (ValueError, TypeError):
            raise InvalidRequest(
                f"the column {name} holds texts; a feature is numeric: code it in numbers, or "
                "leave it out (ignored)"
            ) from None
        if _numbers_rows(name, values[:, place]):
            raise InvalidRequest(
                f"the column {name} numbers the rows and measures nothing; leave it out (ignored)"
            )
    return np.where(np.isfinite(values), values, np.nan)


def _with_meaning(columns: Columns) -> tuple[str, ...]:
    outcome = columns.outcome
    of_outcome = (outcome.label,) if outcome.kind == "binary" else (outcome.time, outcome.event)
    others = (columns.case_id, columns.group, columns.centre, columns.roi, columns.repeat)
    return (*of_outcome, *(name for name in others if name))


def _numbers_rows(name: str, values: Float64) -> bool:
    """Whether the column looks like an identifier: named so, whole numbers, none twice."""
    if not any(fnmatchcase(name.casefold(), each) for each in _IDENTIFIERS):
        return False
    known = values[np.isfinite(values)]
    return known.size > 2 and np.unique(known).size == known.size and bool((known % 1 == 0).all())


def _separator(path: Path) -> str:
    with path.open("rb") as file:
        heading = file.readline(1 << 20).decode("utf-8-sig", "replace")
    return max(_SEPARATORS, key=heading.count)
