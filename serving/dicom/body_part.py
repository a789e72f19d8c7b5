"""Whether a series says that it shows the chest (Body Part Examined, Series Description)."""

from __future__ import annotations

from serving.dicom.instance import Instance

_CHEST = ("CHEST", "THORA", "TORAX", "LUNG", "PULMO", "WHOLEBODY", "WHOLE BODY")
_ELSEWHERE = (
    "HEAD", "BRAIN", "SKULL", "SINUS", "NECK", "CSPINE", "LSPINE", "ABDOMEN", "ABD", "PELVIS",
    "HIP", "KNEE", "ANKLE", "FOOT", "SHOULDER", "ELBOW", "WRIST", "HAND", "EXTREMITY", "LEG",
)  # fmt: skip


def shows_chest(instance: Instance) -> bool | None:
    """True or False where the header says so, None where it does not."""
    for label in (instance.body_part, instance.description.upper()):
        if any(word in label for word in _CHEST):
            return True
    return False if any(word in instance.body_part for word in _ELSEWHERE) else None
