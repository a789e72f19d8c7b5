"""Inputs with the right answers: what calibration, search and verdict are done on."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.domain.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Boxes:
    """Objects to detect: corners (m, 4) as x1, y1, x2, y2 in pixels, label and element of each."""

    corners: NDArray[np.float32]
    labels: NDArray[np.int64]
    elements: NDArray[np.int64]
    """Which of the set's n inputs each box lies in."""


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """`inputs` (n, ...) as the model takes them one by one, the truth, and each one's case."""

    name: str
    inputs: NDArray[Any]
    cases: NDArray[np.str_]
    """(n,): the patient of each element; sets that must not overlap are compared by it."""
    targets: NDArray[Any] | None = None
    """Masks bool (n, ...) for segmentation, class numbers (n,) for classification."""
    boxes: Boxes | None = None
    sha256: str = ""
    """Of the file that it came from."""

    def __len__(self) -> int:
        return len(self.inputs)


def read_labelled_set(path: Path) -> LabelledSet:
    """Reads an `.npz` of `inputs`, `cases` and `targets` or `box_corners/labels/elements`.

    Nothing pickled is loaded. Raises InvalidRequest with one sentence.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            arrays = {name: data[name] for name in data.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InvalidRequest(f"{path.name} is no .npz of plain arrays") from error
    try:
        return _from_arrays(path, arrays)
    except KeyError as error:
        raise InvalidRequest(f"{path.name} lacks the array {error.args[0]}") from error


def write_labelled_set(path: Path, labelled: LabelledSet) -> None:
    """The counterpart of `read_labelled_set`, compressed."""
    arrays: dict[str, NDArray[Any]] = {"inputs": labelled.inputs, "cases": labelled.cases}
    if labelled.targets is not None:
        arrays["targets"] = labelled.targets
    if labelled.boxes is not None:
        arrays["box_corners"] = labelled.boxes.corners
        arrays["box_labels"] = labelled.boxes.labels
        arrays["box_elements"] = labelled.boxes.elements
    np.savez_compressed(path, allow_pickle=False, **arrays)


def _from_arrays(path: Path, arrays: dict[str, NDArray[Any]]) -> LabelledSet:
    inputs, cases = arrays["inputs"], arrays["cases"].astype(np.str_)
    targets = arrays.get("targets")
    boxes = None
    if "box_corners" in arrays:
        boxes = Boxes(arrays["box_corners"], arrays["box_labels"], arrays["box_elements"])
    if (
        len(inputs) == 0
        or len(cases) != len(inputs)
        or (targets is not None and len(targets) != len(inputs))
    ):
        raise InvalidRequest(f"the arrays of {path.name} are empty or differ in length")
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return LabelledSet(path.stem, inputs, cases, targets, boxes, digest)
