"""INT8 with the sensitive layers kept in BF16 or FP32.

The first and last layers see raw intensities and make the answer; beyond them, the layers whose
outputs quantisation moves most. Each try leaves more of them in floating point.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from provisioning.quantise.effort import spread
from provisioning.quantise.elements import Elements, only_input
from provisioning.quantise.layer_error import layer_errors, product_layers
from provisioning.quantise.nncf_runtime import nncf
from provisioning.quantise.post_training import quantise
from provisioning.quantise.stage import within
from provisioning.quantise.workbench import Candidate, Workbench
from serving.domain.slices import Progress

RUNG = "int8_mixed"
SHARES = (0.0, 0.1, 0.25, 0.4)
"""Of the layers, by error, that each try leaves in floating point besides the first and last."""


def mixed(bench: Workbench, report: Progress) -> Iterator[Candidate]:
    """A candidate for each share. Raises InvalidRequest where NNCF cannot."""
    ranked, ends = _by_error(bench, within(report, 0.0, 0.3)), _ends(bench)
    for share in SHARES:
        worst = ranked[: math.ceil(share * len(ranked))]
        in_float = sorted({*ends, *worst})
        told = within(report, 0.3, 1.0)
        model = quantise(bench, told, nncf.QuantizationPreset.MIXED, in_float)
        how = f"{len(in_float)} of {len(ranked)} layers in float"
        yield from Candidate(RUNG, how, model).under(bench.hints)


def _ends(bench: Workbench) -> tuple[str, ...]:
    layers = product_layers(bench.read())
    return (layers[0], layers[-1]) if layers else ()


def _by_error(bench: Workbench, report: Progress) -> list[str]:
    """The layers of the quantised model, the most moved first."""
    quantised = quantise(bench, within(report, 0.0, 0.7), nncf.QuantizationPreset.MIXED)
    reference = bench.read()
    elements = Elements(bench.calibration, only_input(reference))
    chosen = spread(len(elements), bench.effort.layer_elements)
    inputs = [elements[int(index)] for index in chosen]
    errors = layer_errors(reference, quantised, inputs, within(report, 0.7, 1.0))
    return sorted(errors, key=lambda name: errors[name], reverse=True)
