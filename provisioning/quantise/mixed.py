"""INT8 with the sensitive places kept in BF16 or FP32.

Sensitive are the quantisers of activations that move the answers most; each try takes out more of
them, and what they fed computes in floating point. A detector's answers cannot be subtracted from
one another: there it is the first and last layers, and those whose outputs quantisation moves most.
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
from provisioning.quantise.quantiser_effect import quantiser_effects, with_quantisers
from provisioning.quantise.stage import within
from provisioning.quantise.workbench import Candidate, Workbench
from serving.domain.slices import Progress

RUNG = "int8_mixed"
SHARES = (0.015, 0.03, 0.06, 0.12, 0.25, 0.4)
"""Of the quantisers or layers, the most sensitive ones, that each try leaves in floating point."""
_QUANTISED, _RANKED = 0.3, 0.6


def mixed(bench: Workbench, report: Progress) -> Iterator[Candidate]:
    """A candidate for each share. Raises InvalidRequest where NNCF cannot."""
    quantised = quantise(bench, within(report, 0.0, _QUANTISED), nncf.QuantizationPreset.MIXED)
    elements = Elements(bench.calibration, only_input(quantised))
    inputs = [elements[int(at)] for at in spread(len(elements), bench.effort.layer_elements)]
    detects = bench.search is not None and bench.search.task == "detection"
    make = _layers_in_float if detects else _quantisers_left_out
    yield from make(bench, quantised, inputs, within(report, _QUANTISED, 1.0))


def _quantisers_left_out(
    bench: Workbench, quantised: Any, inputs: list[NDArray[Any]], report: Progress
) -> Iterator[Candidate]:
    effects = quantiser_effects(quantised, inputs, report)
    for share in SHARES:
        left_out = math.ceil(share * len(effects))
        kept = {effect.name for effect in effects[left_out:]}
        model = with_quantisers(quantised, kept.__contains__)
        how = f"the {left_out} most sensitive of {len(effects)} quantisers left out"
        yield from Candidate(RUNG, how, model).under(bench.hints)


def _layers_in_float(
    bench: Workbench, quantised: Any, inputs: list[NDArray[Any]], report: Progress
) -> Iterator[Candidate]:
    """The first and last layer as one place, then the layers by the error of their outputs."""
    reference = bench.read()
    layers = product_layers(reference)
    errors = layer_errors(reference, quantised, inputs, within(report, 0.0, _RANKED))
    ranked = sorted(errors, key=lambda name: errors[name], reverse=True)
    places = [(layers[0], layers[-1]), *((name,) for name in ranked)]
    for share in SHARES:
        worst = places[: math.ceil(share * len(places))]
        in_float = sorted({name for names in worst for name in names})
        told = within(report, _RANKED, 1.0)
        model = quantise(bench, told, nncf.QuantizationPreset.MIXED, in_float)
        how = f"the {len(worst)} most sensitive of {len(places)} places in float"
        yield from Candidate(RUNG, how, model).under(bench.hints)
