"""Outcomes out of a table's columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.domain.errors import InvalidRequest
from serving.radiomics.modelling.outcome import Binary, Outcome, Survival
from serving.radiomics.modelling.settings import BinaryOutcome, SurvivalOutcome

_EVENT_WORDS = {"1": True, "0": False, "true": True, "false": False, "yes": True, "no": False}


def read_outcome(
    frame: pd.DataFrame, wanted: BinaryOutcome | SurvivalOutcome
) -> tuple[Outcome, NDArray[np.bool_]]:
    """The outcomes of rows that have one, and which those are, bool (rows,).

    Raises InvalidRequest where a column is missing or does not hold such outcomes.
    """
    if isinstance(wanted, BinaryOutcome):
        return _binary(_column(frame, wanted.label), wanted)
    time, event = _column(frame, wanted.time), _column(frame, wanted.event)
    known = (time.notna() & event.notna()).to_numpy()
    return _survival(time[known], event[known], wanted), known


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        raise InvalidRequest(
            f"the table has no column {name}, which was named as the outcome; name the right one"
        )
    return frame[name]


def _binary(column: pd.Series, wanted: BinaryOutcome) -> tuple[Binary, NDArray[np.bool_]]:
    known = column.notna().to_numpy()
    words = np.array([_word(value) for value in column[known]], dtype=np.str_)
    values = sorted(set(words.tolist()), key=_order)
    if len(values) == 1:
        raise InvalidRequest(
            f"the column {wanted.label} has one value throughout; training needs cases of two"
        )
    if len(values) != 2:
        raise InvalidRequest(
            f"the column {wanted.label} has {len(values)} different values, and an outcome of two "
            "classes has two; group them, or name another column"
        )
    positive = wanted.positive if wanted.positive is not None else values[1]
    if positive not in values:
        raise InvalidRequest(
            f"the value named as positive does not occur in the column {wanted.label}"
        )
    negative = values[0] if positive == values[1] else values[1]
    return Binary(words == positive, (negative, positive)), known


def _survival(time: pd.Series, event: pd.Series, wanted: SurvivalOutcome) -> Survival:
    try:
        times = pd.to_numeric(time).to_numpy(dtype=np.float64)
    except (ValueError, TypeError):
        raise InvalidRequest(f"the column {wanted.time} holds texts; times are numbers") from None
    if not (np.isfinite(times) & (times > 0)).all():
        raise InvalidRequest(
            f"the column {wanted.time} has times of 0, below 0 or infinite; follow-up lasts a "
            "positive time"
        )
    words = [_word(value).casefold() for value in event]
    if not set(words) <= _EVENT_WORDS.keys():
        raise InvalidRequest(
            f"the column {wanted.event} is expected to hold 1 (event) and 0 (end of follow-up) "
            "and holds something else"
        )
    return Survival(times, np.array([_EVENT_WORDS[word] for word in words], dtype=np.bool_))


def _word(value: object) -> str:
    """1, 1.0 and True are one value."""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _order(word: str) -> tuple[float, str]:
    try:
        return float(word), word
    except ValueError:
        return float("inf"), word
