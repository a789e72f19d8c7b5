"""The three sets of a quantisation, and the rule that no patient is in two of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provisioning.labelled_set import LabelledSet, read_labelled_set
from provisioning.quantise.request import QuantiseRequest, Task
from provisioning.quantise.tally import make_tally
from serving.domain.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Judged:
    """The data to search on and the data of the verdict, for a task."""

    task: Task
    validation: LabelledSet
    held_out: LabelledSet


@dataclass(frozen=True, slots=True)
class DataSets:
    """`judged` is None where nothing was given to judge by."""

    calibration: LabelledSet
    judged: Judged | None


def read_data_sets(request: QuantiseRequest) -> DataSets:
    """Reads and compares the sets. Raises InvalidRequest with one sentence."""
    calibration = _read(request.calibration, "calibration")
    if request.task is None:
        if request.validation is not None or request.held_out is not None:
            raise InvalidRequest("say what the labels are for with --task segmentation or another")
        return DataSets(calibration, None)
    if request.validation is None or request.held_out is None:
        raise InvalidRequest(
            "a task needs two more sets: --validation for the search and --held-out for the verdict"
        )
    judged = Judged(
        request.task,
        _read(request.validation, "validation"),
        _read(request.held_out, "held-out"),
    )
    require_disjoint(
        {"calibration": calibration, "validation": judged.validation, "held-out": judged.held_out}
    )
    for labelled in (judged.validation, judged.held_out):
        make_tally(judged.task, labelled)
    return DataSets(calibration, judged)


def require_disjoint(sets: dict[str, LabelledSet]) -> None:
    """Raises InvalidRequest where two sets are one file or share a case; names no case."""
    roles = list(sets)
    for at, one in enumerate(roles):
        for other in roles[at + 1 :]:
            _require_apart(one, sets[one], other, sets[other])


def describe(labelled: LabelledSet) -> str:
    """Name, size and digest, for the manifest."""
    cases = len(set(labelled.cases.tolist()))
    return f"{labelled.name}, {len(labelled)} elements of {cases} cases, {labelled.sha256[:16]}"


def _require_apart(one: str, first: LabelledSet, other: str, second: LabelledSet) -> None:
    if first.sha256 and first.sha256 == second.sha256:
        raise InvalidRequest(f"the {one} and {other} sets are the same file; give different data")
    shared = set(first.cases.tolist()) & set(second.cases.tolist())
    if shared:
        raise InvalidRequest(
            f"the {one} and {other} sets share {len(shared)} cases; no patient may be in both"
        )


def _read(path: Path, role: str) -> LabelledSet:
    if not path.is_file():
        raise InvalidRequest(f"the {role} set {path.name} does not exist")
    return read_labelled_set(path)
