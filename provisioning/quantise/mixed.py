"""INT8 with the sensitive places kept in BF16 or FP32.

Sensitive are the quantisers that move the answers most; each try leaves more of them out. A
detector's answers cannot be subtracted from one another: there it is the first and last layers,
and those whose outputs quantisation moves most.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from provisioning.quantise.effort import spread
from provisioning.quantise.elements import Elements, only_input
from provisioning.quantise.layer_error import layer_errors, product_layers
from provisioning.quantise.nncf_runtime import nncf
from provisioning.quantise.post_training import quantise
from provisioning.quantise.quantiser_effect import quantiser_effects
from provisioning.quantise.stage import within
from provisioning.quantise.workbench import Candidate, Workbench
from serving.domain.slices import Progress

RUNG = "int8_mixed"
SHARES = (0.03, 0.06, 0.12, 0.25, 0.4)
"""Of the quantisers or layers, the most sensitive ones, that each try leaves in floating point."""


def mixed(bench: Workbench, report: Progress) -> Iterator[Candidate]:
    """A candidate for each share. Raises InvalidRequest where NNCF cannot."""
    ranked = _ranked(bench, within(report, 0.0, 0.3))
    for share in SHARES:
        worst = ranked[: math.ceil(share * len(ranked))]
        in_float = sorted({name for names in worst for name in names})
        told = within(report, 0.3, 1.0)
        model = quantise(bench, told, nncf.QuantizationPreset.MIXED, in_float)
        how = f"the {len(worst)} most sensitive of {len(ranked)} places in float"
        yield from Candidate(RUNG, how, model).under(bench.hints)


def _ranked(bench: Workbench, report: Progress) -> list[tuple[str, ...]]:
    """Operations to leave in float together, the most sensitive place first."""
    quantised = quantise(bench, within(report, 0.0, 0.3), nncf.QuantizationPreset.MIXED)
    reference = bench.read()
    elements = Elements(bench.calibration, only_input(reference))
    inputs = [elements[int(at)] for at in spread(len(elements), bench.effort.layer_elements)]
    told = within(report, 0.3, 1.0)
    if bench.search is not None and bench.search.task == "detection":
        return _by_layer(reference, quantised, inputs, told)
    return [effect.users for effect in quantiser_effects(quantised, inputs, told)]


def _by_layer(
    reference: Any, quantised: Any, inputs: list[NDArray[Any]], report: Progress
) -> list[tuple[str, ...]]:
    """The first and last layer as one place, then the layers by the error of their outputs."""
    layers = product_layers(reference)
    errors = layer_errors(reference, quantised, inputs, report)
    ranked = sorted(errors, key=lambda name: errors[name], reverse=True)
    return [(layers[0], layers[-1]), *((name,) for name in ranked)]
