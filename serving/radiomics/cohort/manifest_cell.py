"""Single cells of a manifest: what they may hold, and the errors where they hold something else."""

from __future__ import annotations

import math
import re
from pathlib import PurePosixPath

from serving.domain.errors import InvalidRequest

_MOST_TEXT = 4096
_TRUE = frozenset({"1", "1.0", "true", "yes", "y", "event"})
_FALSE = frozenset({"0", "0.0", "false", "no", "n", "censored"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|file:", re.IGNORECASE)


def refused(row: int, column: str, why: str) -> InvalidRequest:
    """`why` holds nothing of the cell's text."""
    return InvalidRequest(f"row {row}, column {column} of the manifest: {why}")


def checked_text(text: str, row: int, column: str) -> str:
    """The text. Raises InvalidRequest where it is too long or holds control characters."""
    if len(text) > _MOST_TEXT:
        raise refused(row, column, f"at most {_MOST_TEXT} characters are accepted")
    if any(not char.isprintable() for char in text):
        raise refused(
            row, column, "expected plain text on one line, and it holds control characters"
        )
    return text


def checked_path(text: str, row: int, column: str) -> str:
    """The path with forward slashes. Raises InvalidRequest for what is meant to lead elsewhere.

    Whether it stays in the cohort's folder, links followed, is seen when the case is run.
    """
    if _SCHEME.match(text):
        raise refused(row, column, "expected a path of a file or folder, and an address came")
    path = PurePosixPath(text.replace("\\", "/"))
    if ".." in path.parts or text.startswith("~"):
        raise refused(row, column, "expected a path without `..` and `~`; write it out")
    return str(path)


def time_of(text: str | None, row: int) -> float | None:
    """A time to event or to the last visit, above 0, in any unit; a comma may mark decimals."""
    if text is None:
        return None
    try:
        found = float(text.replace(",", "."))
    except ValueError:
        found = math.nan
    if not (math.isfinite(found) and found > 0):
        raise refused(row, "time", "expected a number above 0")
    return found


def event_of(text: str | None, row: int) -> bool | None:
    """Whether the event was seen (1) or the case is censored (0)."""
    if text is None:
        return None
    plain = text.casefold()
    if plain not in _TRUE | _FALSE:
        raise refused(row, "event", "expected 1 where the event was seen and 0 where it was not")
    return plain in _TRUE
