"""Numbers and DICOM values as a reader expects them: units, sensible digits, a true minus."""

from __future__ import annotations

import re
from collections.abc import Sequence

_THIN = "\u202f"
"""Narrow no-break space: groups thousands and stands between a number and its unit."""
_NOTHING = "–"
_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")

_TRANSFER_SYNTAXES = {
    "1.2.840.10008.1.2": "Implicit VR Little Endian",
    "1.2.840.10008.1.2.1": "Explicit VR Little Endian",
    "1.2.840.10008.1.2.1.99": "Deflated Explicit VR Little Endian",
    "1.2.840.10008.1.2.2": "Explicit VR Big Endian",
    "1.2.840.10008.1.2.4.50": "JPEG Baseline (lossy)",
    "1.2.840.10008.1.2.4.51": "JPEG Extended (lossy)",
    "1.2.840.10008.1.2.4.57": "JPEG Lossless, Process 14",
    "1.2.840.10008.1.2.4.70": "JPEG Lossless, Process 14, SV1",
    "1.2.840.10008.1.2.4.80": "JPEG-LS Lossless",
    "1.2.840.10008.1.2.4.81": "JPEG-LS Near-lossless (lossy)",
    "1.2.840.10008.1.2.4.90": "JPEG 2000 Lossless",
    "1.2.840.10008.1.2.4.91": "JPEG 2000 (may be lossy)",
    "1.2.840.10008.1.2.4.201": "HTJ2K Lossless",
    "1.2.840.10008.1.2.5": "RLE Lossless",
}
"""DICOM PS3.6 Annex A."""


def number(value: float, digits: int) -> str:
    """With `digits` decimals, thousands grouped, never '-0'."""
    text = f"{value:,.{digits}f}".replace(",", _THIN)
    return text.lstrip("-") if not any(c in "123456789" for c in text) else text.replace("-", "−")


def millilitres(value: float) -> str:
    """'3 350 ml', '4.2 ml', '0.12 ml', '< 0.01 ml'."""
    if 0 < value < 0.005:
        return f"<{_THIN}0.01{_THIN}ml"
    digits = 0 if value >= 9.95 or value == 0 else 1 if value >= 0.995 else 2
    return f"{number(value, digits)}{_THIN}ml"


def percent(value: float | None) -> str:
    """'12.3 %', '0.04 %', '< 0.01 %', '0 %'; a dash for None."""
    if value is None:
        return _NOTHING
    if 0 < value < 0.005:
        return f"<{_THIN}0.01{_THIN}%"
    digits = 0 if value == 0 or value > 99.95 else 1 if value >= 0.095 else 2
    return f"{number(value, digits)}{_THIN}%"


def hounsfield(value: float | None) -> str:
    """'−612 HU'; a dash for None."""
    return _NOTHING if value is None else f"{number(value, 0)}{_THIN}HU"


def seconds(value: float) -> str:
    """'12.3 s', '0.04 s'."""
    return f"{number(value, 1 if value >= 1 else 2)}{_THIN}s"


def millimetres(value: float) -> str:
    """At most two decimals: '0.7 mm', '1.25 mm', '5 mm'."""
    text = number(value, 2)
    return (text.rstrip("0").rstrip(".") if "." in text else text) + f"{_THIN}mm"


def patient_point(centroid_lps_mm: Sequence[float]) -> str:
    """'L 45.2 · P 12.0 · H 101.5 mm', by the letters of DICOM's patient orientation."""
    ends = (("R", "L"), ("A", "P"), ("F", "H"))
    parts = [
        f"{pair[value > 0]} {number(abs(value), 1)}"
        for pair, value in zip(ends, centroid_lps_mm, strict=True)
    ]
    return " · ".join(parts) + f"{_THIN}mm"


def person_name(value: str) -> str:
    """DICOM's PN (PS3.5 6.2.1) for reading: 'Family, Given Middle (other scripts)'."""
    groups = [_name_group(group) for group in value.split("=")]
    named = [group for group in groups if group]
    if not named:
        return _NOTHING
    return named[0] + (f" ({'; '.join(named[1:])})" if named[1:] else "")


def dicom_date(value: str) -> str:
    """'2020-03-01' for DICOM's DA; anything else as it is, a dash for nothing."""
    match = _DATE.fullmatch(value.strip())
    return "-".join(match.groups()) if match else (value or _NOTHING)


def transfer_syntax(uid: str) -> str:
    """The name of a transfer syntax; its UID where it has none here."""
    return _TRANSFER_SYNTAXES.get(uid, uid)


def or_dash(value: str) -> str:
    """The text, or a dash for an empty one."""
    return value or _NOTHING


def _name_group(group: str) -> str:
    parts = [part.strip() for part in group.split("^")]
    family, rest = parts[0], " ".join(part for part in parts[1:] if part)
    return ", ".join(part for part in (family, rest) if part)
