"""From a file of features to the table that training and prediction take."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from serving.domain.errors import InvalidRequest
from serving.domain.volume import Float64
from serving.radiomics.modelling.feature_table import FeatureTable, LeftOut, Words
from serving.radiomics.modelling.outcome import Outcome
from serving.radiomics.modelling.read_outcome import read_outcome
from serving.radiomics.modelling.settings import Columns
from serving.radiomics.modelling.table_file import feature_names, feature_values, read_frame

_NOWHERE = "not given"


def read_feature_table(path: Path, columns: Columns, *, with_outcome: bool = True) -> FeatureTable:
    """The usable rows of a CSV or Parquet table, one a region; why others are left out beside.

    Rows of failed cases are left out, and with `with_outcome` those without an outcome. Several
    regions of a case form a group where no group column says otherwise. Raises InvalidRequest,
    which names columns and counts, never what stands in a cell.
    """
    frame = read_frame(path, columns)
    left_out: list[LeftOut] = []
    if "status" in frame.columns:
        frame = _without(frame, frame["status"] != "ok", "failed in the extraction", left_out)
    outcome: Outcome | None = None
    if with_outcome:
        outcome, known = read_outcome(frame, columns.outcome)
        frame = _without(frame, ~known, "without an outcome", left_out)
    if frame.empty:
        raise InvalidRequest("no row of the table can be used: each failed or lacks its outcome")
    names = feature_names(frame, columns)
    values = feature_values(frame, names)
    main, repeats = _delineations(frame, columns, values)
    cases = frame.iloc[main]
    ids = _texts(cases, columns.case_id)
    return FeatureTable(
        names=names,
        values=values[main],
        case_ids=tuple(map(str, ids)) if ids is not None else _numbered(main.size),
        outcome=None if outcome is None else outcome.take(main),
        groups=_groups(cases, columns),
        centres=_texts(cases, columns.centre),
        repeats=repeats,
        notices=_infinite(frame, names),
        left_out=tuple(left_out),
    )


def _without(
    frame: pd.DataFrame, dropped: pd.Series, reason: str, left_out: list[LeftOut]
) -> pd.DataFrame:
    count = int(dropped.sum())
    if count:
        left_out.append(LeftOut(count, reason))
    return frame[~dropped]


def _delineations(
    frame: pd.DataFrame, columns: Columns, values: Float64
) -> tuple[np.ndarray, tuple[Float64, ...]]:
    """Rows of first delineations, and of each further one a matrix in the order of those."""
    if columns.repeat not in frame.columns or columns.case_id not in frame.columns:
        return np.arange(len(frame)), ()
    keys = [columns.case_id, *([columns.roi] if columns.roi in frame.columns else [])]
    texts = [frame[key].fillna("").astype(str) for key in keys]
    number = frame.groupby(texts, sort=False).cumcount().to_numpy()
    region = frame.groupby(texts, sort=False).ngroup().to_numpy()
    main = np.flatnonzero(number == 0)
    repeats = []
    for each in range(1, int(number.max()) + 1):
        further = np.full((main.size, values.shape[1]), np.nan)
        rows = np.flatnonzero(number == each)
        further[region[rows]] = values[rows]
        repeats.append(further)
    return main, tuple(repeats)


def _groups(frame: pd.DataFrame, columns: Columns) -> Words | None:
    """The group column, a case where its cell is empty; else cases, where any has two regions."""
    ids = _texts(frame, columns.case_id)
    named = columns.group is not None and columns.group in frame.columns
    if named and frame[columns.group].notna().any():
        found = frame[columns.group]
        own = np.char.add("case ", ids if ids is not None else np.arange(len(frame)).astype(str))
        return np.where(found.isna(), own, found.fillna("").astype(str)).astype(np.str_)
    if ids is None or np.unique(ids).size == ids.size:
        return None
    return ids


def _texts(frame: pd.DataFrame, column: str | None) -> Words | None:
    if column is None or column not in frame.columns or not frame[column].notna().any():
        return None
    return np.array(frame[column].fillna(_NOWHERE).astype(str), dtype=np.str_)


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"row {number}" for number in range(1, count + 1))


def _infinite(frame: pd.DataFrame, names: tuple[str, ...]) -> tuple[str, ...]:
    numbers = frame[list(names)].to_numpy(dtype=np.float64, na_value=np.nan)
    count = int(np.isinf(numbers).any(axis=0).sum())
    return (f"{count} features have infinite values, which count as missing",) if count else ()
