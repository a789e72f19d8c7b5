"""Figures in words: the filters of the card's template."""

from __future__ import annotations

import math

from provisioning.card.patients import PatientScore
from serving.domain.manifest import Preprocessing
from serving.domain.provenance import Parity

_METRICS = {
    "dice_pooled": "Dice, pooled",
    "dice_per_case": "Dice, per case",
    "average_precision": "average precision",
    "auc": "area under the ROC curve",
    "accuracy": "accuracy",
}
MISSING = "–"


def metric_title(name: str) -> str:
    """A metric's name as a reader knows it."""
    return _METRICS.get(name, name)


def points(value: float) -> str:
    """Hundredths of a metric, with two digits."""
    return f"{value:.2f}" if math.isfinite(value) else "not measured"


def milliseconds(value: float) -> str:
    """A time with three significant digits."""
    if not math.isfinite(value):
        return MISSING
    return f"{value:.0f} ms" if value >= 100 else f"{value:.3g} ms"


def per_second(value: float) -> str:
    """Inferences a second, three significant digits."""
    if not math.isfinite(value):
        return MISSING
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def size(size_bytes: int | None) -> str:
    """Megabytes of 10^6 bytes; a sentence's end where a file is missing."""
    if size_bytes is None:
        return "files missing"
    return f"{size_bytes / 1e6:.2f} MB"


def score(value: float) -> str:
    """A metric of 0..1 with four digits."""
    return f"{value:.4f}" if math.isfinite(value) else MISSING


def signed_percent(value: float | None) -> str:
    """A relative error with its sign."""
    return MISSING if value is None or not math.isfinite(value) else f"{value:+.1%}"


def shape(sizes: tuple[int, ...]) -> str:
    """A tensor's shape; what may vary is an n."""
    return " × ".join("n" if size == -1 else str(size) for size in sizes)


def taken_as(preprocessing: Preprocessing) -> str:
    """What the caller gives the model, in sentences."""
    given = preprocessing
    text = f"Slices of {given.rows} × {given.columns} pixels in {given.units}, "
    text += f"axes {given.orientation}."
    if given.window_hu:
        low, high = given.window_hu
        text += (
            f" The window {low:g} to {high:g} HU is part of the graph: values are sent unclipped."
        )
    if given.frames:
        frames = ", ".join(f"{rows} × {columns}" for rows, columns in given.frames)
        text += f" Crops at the same pixel spacing are taken too: {frames}."
    return text


def parity_sentence(parity: Parity) -> str:
    """How near the converted graph is to its source."""
    verdict = "within" if parity.largest_difference <= parity.tolerance else "NOT within"
    return (
        f"On {parity.count} inputs ({parity.inputs}) its FP32 answers differ from those of "
        f"{parity.reference} by at most {parity.largest_difference:.2g} (absolute below 1, "
        f"relative above), {verdict} the tolerance of {parity.tolerance:.2g}."
    )


def role(score: PatientScore) -> str:
    """What a patient was used for."""
    roles = {"train": "training", "validate": "choosing the step", "test": "held out"}
    return roles.get(score.role, score.role)
