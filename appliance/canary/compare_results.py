"""Compares two result folders of `chest_ct` that were made of the same images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydantic import ValidationError

from appliance.canary.label_planes import open_labels
from serving.domain.agreement import FindingsAgreement, dice
from serving.domain.errors import InvalidRequest
from serving.domain.finding import Report

REPORT = "report.json"
LESIONS = "lesions.nii.gz"


def compare_results(a: Path, b: Path) -> FindingsAgreement:
    """How far the findings in the folders `a` and `b` agree.

    Raises InvalidRequest where either is no whole result of `chest_ct` or they lie on different
    grids, OSError where files are gone.
    """
    first, second = _report(a).findings, _report(b).findings
    return FindingsAgreement(
        dice=_dice(a / LESIONS, b / LESIONS),
        volume_a_ml=first.both_lungs.lesion_volume_ml,
        volume_b_ml=second.both_lungs.lesion_volume_ml,
        severity_a=first.severity.value,
        severity_b=second.severity.value,
    )


def _report(folder: Path) -> Report:
    try:
        return Report.model_validate_json((folder / REPORT).read_bytes())
    except ValidationError:
        raise InvalidRequest("a report of this version of the box was expected") from None


def _dice(a: Path, b: Path) -> float:
    in_a = in_b = in_both = 0
    with open_labels(a) as first, open_labels(b) as second:
        if first.grid != second.grid:
            raise InvalidRequest("the two results lie on different grids and cannot be compared")
        for one, other in zip(first, second, strict=True):
            in_a += int(np.count_nonzero(one))
            in_b += int(np.count_nonzero(other))
            in_both += int(np.count_nonzero((one > 0) & (other > 0)))
    return dice(in_a, in_b, in_both)
