"""How far each quantiser of an activation, on its own, moves what a network answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from provisioning.quantise.predictions import compile_model
from serving.domain.slices import Progress

_QUANTISER = "FakeQuantize"


@dataclass(frozen=True, slots=True)
class Effect:
    """Of one quantiser: the squared error of the answers, and its name."""

    error: float
    name: str


def quantiser_effects(
    quantised: Any, elements: Sequence[NDArray[Any]], report: Progress
) -> list[Effect]:
    """The quantisers of activations in an ov.Model, the one that moves the answers most first.

    The rounding of one layer's own output says little: what the small HRNet lost came from a few
    maps whose many like values all round the same way, and from no layer that looked bad itself.
    Each quantiser is therefore tried with all others taken out.
    """
    wanted = _answers(with_quantisers(quantised, lambda _name: False), elements)
    found = []
    quantisers = [op for op in quantised.get_ordered_ops() if _is_of_activation(op)]
    for at, op in enumerate(quantisers):
        report(at / len(quantisers), f"effect of quantiser {at + 1} of {len(quantisers)}")
        name = op.get_friendly_name()
        answers = _answers(with_quantisers(quantised, name.__eq__), elements)
        error = sum(
            float(np.square(a - b, dtype=np.float64).sum())
            for a, b in zip(wanted, answers, strict=True)
        )
        found.append(Effect(error, name))
    return sorted(found, key=lambda effect: effect.error, reverse=True)


def with_quantisers(quantised: Any, kept: Callable[[str], bool]) -> Any:
    """A copy in which only the quantisers of activations of a name that is `kept` are left.

    What they fed computes in floating point; its weights stay the INT8 ones.
    """
    model = quantised.clone()
    for op in model.get_ordered_ops():
        if _is_of_activation(op) and not kept(op.get_friendly_name()):
            for target in op.output(0).get_target_inputs():
                target.replace_source_output(op.input_value(0))
    return model


def _is_of_activation(op: Any) -> bool:
    if op.get_type_name() != _QUANTISER:
        return False
    return str(op.input_value(0).get_node().get_type_name()) != "Constant"


def _answers(model: Any, elements: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    compiled = compile_model(model, "f32")
    return [np.array(value) for element in elements for value in compiled([element]).values()]
