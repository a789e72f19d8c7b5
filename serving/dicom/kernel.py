"""How sharp a reconstruction is; decides only between series that are equal otherwise."""

from __future__ import annotations

import re

_SHARP_WORDS = frozenset({"LUNG", "BONE", "BONEPLUS", "EDGE", "ULTRA", "YA", "YB", "YC", "D"})
_SHARP_FROM = 60
"""Siemens kernels B10..B90, Br, Bl: from about 60 on edges are enhanced; Toshiba FC likewise."""


def is_sharp(kernel: str) -> bool:
    """Whether a Convolution Kernel is one that enhances edges (and with them noise and HU)."""
    first = kernel.split("\\")[0].strip().upper()
    if first in _SHARP_WORDS:
        return True
    strength = re.match(r"[A-Z]{1,3}(\d{2})", first)
    if strength is None:
        return False
    number = int(strength.group(1))
    return number >= (50 if first.startswith("FC") else _SHARP_FROM)
