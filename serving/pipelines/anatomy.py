"""Coded terms for the regions of a chest CT (SNOMED CT, as in DICOM PS3.16)."""

from __future__ import annotations

from serving.domain.finding import Code, Side, Zone

_SIDES = {
    None: Code(scheme="SCT", code="74101002", meaning="Both lungs"),
    Side.RIGHT: Code(scheme="SCT", code="3341006", meaning="Right lung"),
    Side.LEFT: Code(scheme="SCT", code="44029006", meaning="Left lung"),
}


def anatomy(side: Side | None, zone: Zone | None) -> Code:
    """The code of a whole lung; a zone keeps its lung's code and says the third in words.

    Thirds by height are this pipeline's own division and have no code.
    """
    lung = _SIDES[side]
    if zone is None:
        return lung
    return Code(
        scheme=lung.scheme, code=lung.code, meaning=f"{lung.meaning}, {zone.value} third by height"
    )
