"""How much of the data each part of the search looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from provisioning.labelled_set import LabelledSet

_WITH_TRUTH = 0.75


@dataclass(frozen=True, slots=True)
class Effort:
    """Elements and tries, so that a network of 50 ms an element is searched in minutes."""

    calibration: int = 128
    search: int = 96
    """Elements of the validation set on which accuracy control measures; all of them decide."""
    ranking: int = 12
    """Of these, how many rank the layers."""
    iterations: int = 12
    """Groups of layers that accuracy control takes back to floating point at most."""
    layer_elements: int = 8
    """Calibration elements on which the error of each layer is measured."""
    rounding: int = 60
    """Calibration elements by which weights are rounded."""


def spread(count: int, most: int) -> NDArray[np.int64]:
    """At most `most` of the indices 0..count-1, evenly spaced."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def stratified(labelled: LabelledSet, most: int) -> NDArray[np.int64]:
    """At most `most` elements, three quarters of them with something to find, evenly spaced."""
    with_truth = has_truth(labelled)
    positive, negative = np.flatnonzero(with_truth), np.flatnonzero(~with_truth)
    wanted = max(round(most * _WITH_TRUTH), most - len(negative))
    chosen = [positive[spread(len(positive), wanted)]] if len(positive) else []
    left = most - sum(len(part) for part in chosen)
    if len(negative) and left > 0:
        chosen.append(negative[spread(len(negative), left)])
    return np.sort(np.concatenate(chosen))


def has_truth(labelled: LabelledSet) -> NDArray[np.bool_]:
    """(n,): whether an element has a marked pixel, a box, or a class other than 0."""
    if labelled.targets is not None:
        rows = labelled.targets.reshape(len(labelled), -1)
        return np.array([row.any() for row in rows], np.bool_)
    found = np.zeros(len(labelled), np.bool_)
    if labelled.boxes is not None:
        found[labelled.boxes.elements] = True
    return found
