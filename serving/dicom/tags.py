"""Reading single attributes from data sets that may be wrong in any way; nothing here raises."""

from __future__ import annotations

import math
from collections.abc import Iterable

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence


def value(dataset: Dataset, keyword: str) -> object:
    """The attribute's value as pydicom understands it; None where absent, empty or unreadable."""
    try:
        found: object = dataset.get(keyword)
    except Exception:  # pydicom raises anything at all on malformed values
        return None
    return None if found is None or found == "" else found


def text(dataset: Dataset, keyword: str) -> str:
    """The attribute as one line of text, several values joined by a backslash."""
    found = value(dataset, keyword)
    if found is None:
        return ""
    try:
        if isinstance(found, (list, MultiValue)):
            return "\\".join(str(part) for part in found)
        return str(found).replace("\x00", "").strip()
    except Exception:  # undecodable text
        return ""


def words(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """The values of a code string attribute in upper case."""
    return tuple(part.strip().upper() for part in text(dataset, keyword).split("\\") if part)


def uid(dataset: Dataset, keyword: str) -> str:
    """A UID, or "" where it holds anything but digits and dots (PS3.5 section 9.1)."""
    found = text(dataset, keyword)
    good = 0 < len(found) <= 64 and found.isascii() and found.replace(".", "").isdigit()
    return found if good else ""


def numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """Finite numbers of an attribute; () where any of its values is not one."""
    found = value(dataset, keyword)
    if found is None:
        return ()
    parts: Iterable[object] = found if isinstance(found, (list, tuple, MultiValue)) else (found,)
    try:
        result = tuple(_decimal(part) for part in parts)
    except Exception:  # not numbers
        return ()
    return result if all(math.isfinite(n) for n in result) else ()


def _decimal(part: object) -> float:
    """A number; some writers put a comma where PS3.5 section 6.2 has a decimal point."""
    if isinstance(part, (int, float)):
        return float(part)
    return float(str(part).strip("\x00 ").replace(",", "."))


def number(dataset: Dataset, keyword: str) -> float | None:
    """The first value as a finite number."""
    found = numbers(dataset, keyword)
    return found[0] if found else None


def integer(dataset: Dataset, keyword: str, default: int) -> int:
    """The first value as a whole number, `default` where there is none."""
    found = number(dataset, keyword)
    return int(found) if found is not None and abs(found) < 2**31 else default


def items(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """The items of a sequence."""
    found = value(dataset, keyword)
    return tuple(found) if isinstance(found, Sequence) else ()


def item(dataset: Dataset | None, keyword: str) -> Dataset | None:
    """The first item of a sequence."""
    found = items(dataset, keyword) if dataset is not None else ()
    return found[0] if found else None
