"""INT8 with accuracy control: NNCF takes layers back to floating point until the drop is small.

NNCF ranks the layers by the error of the outputs and takes them back one group after the other,
measuring on a part of the validation data. It is asked for far less than the limit: asked for the
limit itself, variants failed on held-out data (0.23 points at 0.0017, 0.02 at 0.0002).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from provisioning.quantise.effort import stratified
from provisioning.quantise.elements import Elements, only_input
from provisioning.quantise.nncf_runtime import nncf
from provisioning.quantise.post_training import (
    calibration_data,
    first_layer,
    full_range,
    nncf_errors,
    rounded,
)
from provisioning.quantise.predictions import infer
from provisioning.quantise.stage import within
from provisioning.quantise.tally import make_tally
from provisioning.quantise.unit_scores import everything, only
from provisioning.quantise.workbench import Candidate, Search, Workbench
from serving.domain.slices import Progress

RUNG = "int8_accuracy_control"
MAX_DROP = 0.0002
"""Of the metric, 0.02 points."""
_CALIBRATED, _CONTROLLED = 0.1, 0.9


def accuracy_control(bench: Workbench, report: Progress) -> Iterator[Candidate]:
    """One candidate. Raises InvalidRequest where NNCF cannot."""
    assert bench.search is not None, "without labels there is no accuracy to control"
    model = bench.read()
    calibration, size = calibration_data(bench, model, within(report, 0.0, _CALIBRATED))
    chosen = stratified(bench.search.validation, bench.effort.search)
    elements = Elements(bench.search.validation, only_input(model))
    meter = DropMeter(
        bench.search, elements, within(report, _CALIBRATED, _CONTROLLED), bench.effort.iterations
    )
    with nncf_errors():
        quantised = nncf.quantize_with_accuracy_control(
            model,
            calibration,
            nncf.Dataset(chosen.tolist(), meter.element),
            meter,
            max_drop=MAX_DROP,
            drop_type=nncf.DropType.ABSOLUTE,
            preset=nncf.QuantizationPreset.MIXED,
            target_device=nncf.TargetDevice.CPU,
            subset_size=size,
            ignored_scope=nncf.IgnoredScope(names=first_layer(bench, model), validate=False),
            advanced_quantization_parameters=full_range(),
            advanced_accuracy_restorer_parameters=nncf.AdvancedAccuracyRestorerParameters(
                max_num_iterations=bench.effort.iterations,
                ranking_subset_size=bench.effort.ranking,
                num_ranking_workers=1,
            ),
        )
    quantised = rounded(bench, quantised, within(report, _CONTROLLED, 1.0))
    how = f"asked for {MAX_DROP:g} on {len(chosen)} validation elements, {meter.looks} looks"
    yield from Candidate(RUNG, how, quantised).under(bench.hints)


@dataclass(slots=True)
class DropMeter:
    """NNCF's validation function: 1 minus the worst drop of the task's metrics against FP32.

    NNCF thereby sees 1 for the FP32 model; it divides by that even where it is asked for an
    absolute drop. It counts its looks at the data and reports progress.
    """

    search: Search
    elements: Elements
    report: Progress
    iterations: int
    looks: int = 0

    def element(self, index: int) -> NDArray[Any]:
        """The input of a validation element; NNCF asks for it when it ranks layers."""
        self._tell("ranking layers")
        return self.elements[index]

    def __call__(
        self, compiled: Any, indices: Iterable[int]
    ) -> tuple[float, list[list[NDArray[Any]]] | None]:
        """Runs the elements; returns the metric and, but for detectors, their outputs to rank by.

        Detectors answer with as many boxes as they find, so their layers are ranked by the metric.
        """
        tally = make_tally(self.search.task, self.search.validation)
        request = compiled.create_infer_request()
        outputs, seen = [], []
        for index in indices:
            self._tell("measuring the drop")
            answer = infer(request, self.elements[index])
            tally.add(index, answer)
            outputs.append([np.array(value) for value in answer.values()])
            seen.append(index)
        self.looks += len(seen) > 1
        drops = [
            only(before, np.array(seen, np.int64)) - everything(after)
            for before, after in zip(self.search.reference, tally.scores(), strict=True)
        ]
        worst = max((drop for drop in drops if np.isfinite(drop)), default=0.0)
        return 1.0 - worst, None if self.search.task == "detection" else outputs

    def _tell(self, stage: str) -> None:
        self.report(min(self.looks / (self.iterations + 2), 1.0), f"{stage}, look {self.looks + 1}")
