"""INT8 by post-training quantisation: ranges from calibration data, no search."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from provisioning.quantise.effort import spread
from provisioning.quantise.elements import Elements, only_input
from provisioning.quantise.layer_error import product_layers
from provisioning.quantise.machine_precision import has_vnni
from provisioning.quantise.nncf_runtime import nncf, quiet, whole_range
from provisioning.quantise.stage import within
from provisioning.quantise.weight_rounding import round_weights
from provisioning.quantise.workbench import REFERENCE_HINT, Candidate, Workbench
from serving.domain.errors import InvalidRequest
from serving.domain.slices import Progress

RUNG = "int8_ptq"
_CALIBRATED = 0.3


def post_training(bench: Workbench, report: Progress) -> Iterator[Candidate]:
    """Symmetric activations first, the faster kind on CPUs; then asymmetric ones.

    After ReLU both are the same, and no model is tried twice. Of a judged network only the first
    layer is left in float: in FP32, since in BF16 it would gain nothing and round its inputs.
    """
    hints = bench.hints if bench.search is None else (REFERENCE_HINT,)
    symmetric = quantise(bench, report, nncf.QuantizationPreset.PERFORMANCE)
    yield from Candidate(RUNG, "symmetric activations", symmetric).under(hints)
    mixed = quantise(bench, report, nncf.QuantizationPreset.MIXED)
    if constants_of(mixed) != constants_of(symmetric):
        yield from Candidate(RUNG, "asymmetric activations", mixed).under(hints)


def quantise(bench: Workbench, report: Progress, preset: Any, in_float: Sequence[str] = ()) -> Any:
    """The FP32 model quantised, the layers `in_float` left as they are. Raises InvalidRequest.

    Where there are labels to judge by, more is done for the accuracy: see `first_layer` and
    `rounded`. Without them nobody could say whether it helped.
    """
    model = bench.read()
    data, size = calibration_data(bench, model, within(report, 0.0, _CALIBRATED))
    with nncf_errors():
        quantised = nncf.quantize(
            model,
            data,
            preset=preset,
            target_device=nncf.TargetDevice.CPU,
            subset_size=size,
            ignored_scope=nncf.IgnoredScope(
                names=[*in_float, *first_layer(bench, model)], validate=False
            ),
            advanced_parameters=full_range(),
        )
    return rounded(bench, quantised, within(report, _CALIBRATED, 1.0))


def first_layer(bench: Workbench, model: Any) -> list[str]:
    """Its name where the network is judged: it stays in floating point.

    It sees the image itself, and of its few weights each counts: of the Nested U-Net's nine a
    channel, rounded, came all but a thousandth of what INT8 weights cost (lesions 1.8 % larger).
    It has less than a hundredth of the arithmetic.
    """
    return product_layers(model)[:1] if bench.search is not None else []


def rounded(bench: Workbench, quantised: Any, report: Progress) -> Any:
    """`quantised` with its weights rounded in turn where the network is judged."""
    if bench.search is None:
        return quantised
    elements = Elements(bench.calibration, only_input(quantised))
    chosen = [elements[int(at)] for at in spread(len(elements), bench.effort.rounding)]
    return round_weights(quantised, bench.read(), chosen, report)


def full_range() -> Any:
    """NNCF's parameters: no value of the calibration data is clipped, and all 8 bits are used.

    NNCF ends the range of an activation at the mean of the images' largest values, so that half
    of them are clipped; on Hounsfield units the logits of the small HRNet then scattered by 0.9
    and its Dice fell by 0.7 points, with the largest value of all by 0.18 and not at all.

    It also halves the first layer's range for CPUs without VNNI, where sums may overflow. On
    Hounsfield units, where that layer sees all there is, this made the Dice of single slices
    scatter six times as much.

    Biases stay as they are. NNCF moves them by what the means of few images say, of which most is
    background: on the small HRNet that moved the answers more than all rounding did.
    """
    return nncf.AdvancedQuantizationParameters(
        disable_bias_correction=True,
        overflow_fix=nncf.OverflowFix.DISABLE if has_vnni() else nncf.OverflowFix.FIRST_LAYER,
        activations_range_estimator_params=whole_range(),
    )


def calibration_data(bench: Workbench, model: Any, report: Progress) -> tuple[Any, int]:
    """NNCF's view of evenly spaced calibration elements, and their number."""
    elements = Elements(bench.calibration, only_input(model))
    chosen = spread(len(elements), bench.effort.calibration).tolist()
    read = 0

    def element(index: int) -> Any:
        nonlocal read
        read += 1
        report(min(read / len(chosen), 1.0), "calibrating")
        return elements[index]

    return nncf.Dataset(chosen, element), len(chosen)


@contextmanager
def nncf_errors() -> Iterator[None]:
    """Silences NNCF and turns its errors into InvalidRequest of one sentence."""
    failures = (RuntimeError, ValueError, LookupError, AttributeError, TypeError, ArithmeticError)
    try:
        with quiet():
            yield
    except (
        *failures,
        nncf.ValidationError,
        nncf.InternalError,
        nncf.UnsupportedModelError,
    ) as error:
        kind = type(error).__name__
        raise InvalidRequest(f"NNCF cannot quantise this network ({kind})") from error


def constants_of(model: Any) -> str:
    """A digest of all weights and ranges of an ov.Model, in its order."""
    digest = hashlib.sha256()
    for op in model.get_ordered_ops():
        if op.get_type_name() == "Constant":
            digest.update(op.data.tobytes())
    return digest.hexdigest()
