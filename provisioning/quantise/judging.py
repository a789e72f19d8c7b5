"""Judges variants against FP32 on the data of the search and on that of the verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from provisioning.labelled_set import LabelledSet
from provisioning.quantise.data_sets import Judged
from provisioning.quantise.gate import Gates, judge
from provisioning.quantise.predictions import Predictions, predict
from provisioning.quantise.stage import within
from serving.domain.slices import Progress

REFERENCE_PRECISION = "f32"
Role = Literal["validation", "held_out"]


class Judging:
    """Runs variants, and the reference once for each set when it is first needed.

    Running the reference on the held-out data tells nothing of a variant, so that is no look.
    """

    def __init__(self, fp32: Path, judged: Judged, limit_points: float) -> None:
        self.judged = judged
        self.limit_points = limit_points
        self.fp32 = fp32
        self._reference: dict[str, Predictions] = {}

    def reference(self, role: Role, report: Progress) -> Predictions:
        """What FP32 scores on the validation or the held-out set."""
        if role not in self._reference:
            told = within(report, 0, 1, "fp32 on ")
            self._reference[role] = self._predict(self.fp32, REFERENCE_PRECISION, role, told)
        return self._reference[role]

    def on_validation(self, model: Path, hint: str, report: Progress) -> tuple[Gates, float]:
        """The gates as the validation data has them, and the median time of an element in ms."""
        return self._judge(model, hint, "validation", report)

    def on_held_out(self, model: Path, hint: str, report: Progress) -> Gates:
        """The verdict. Every call is a look at the held-out data."""
        return self._judge(model, hint, "held_out", report)[0]

    def _judge(self, model: Path, hint: str, role: Role, report: Progress) -> tuple[Gates, float]:
        reference = self.reference(role, within(report, 0.0, 0.5))
        found = self._predict(model, hint, role, within(report, 0.5, 1.0))
        cases = len(set(self._set(role).cases.tolist()))
        return judge(reference.scores, found.scores, cases, self.limit_points), found.median_ms

    def _predict(self, model: Path, hint: str, role: Role, report: Progress) -> Predictions:
        return predict(model, hint, self._set(role), self.judged.task, report)

    def _set(self, role: Role) -> LabelledSet:
        return self.judged.validation if role == "validation" else self.judged.held_out
