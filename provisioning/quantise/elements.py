"""Elements of a labelled set as a model's single input, one at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from provisioning.labelled_set import LabelledSet
from serving.domain.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class InputPort:
    """The only input of a model: its name, numpy type and shape, -1 where it is open."""

    name: str
    datatype: np.dtype[Any]
    shape: tuple[int, ...]


def only_input(model: Any) -> InputPort:
    """Of an ov.Model or a compiled one. Raises InvalidRequest unless there is exactly one."""
    if len(model.inputs) != 1:
        raise InvalidRequest(
            f"the model has {len(model.inputs)} inputs; labelled sets hold one input each, so "
            "such a model cannot be quantised here"
        )
    port = model.inputs[0]
    shape = port.get_partial_shape()
    if shape.rank.is_dynamic:
        raise InvalidRequest("the model's input has no fixed number of dimensions")
    sizes = tuple(-1 if size.is_dynamic else size.get_length() for size in shape)
    return InputPort(port.get_any_name(), port.get_element_type().to_dtype(), sizes)


@dataclass(frozen=True, slots=True)
class Elements:
    """The set's inputs, shaped and typed for the port, made when asked for."""

    labelled: LabelledSet
    port: InputPort

    def __post_init__(self) -> None:
        inputs, port = self.labelled.inputs, self.port
        if not np.can_cast(inputs.dtype, port.datatype, "same_kind"):
            raise InvalidRequest(
                f"the inputs of {self.labelled.name} are {inputs.dtype}; "
                f"the model takes {port.datatype}"
            )
        if _shaped(inputs.shape[1:], port.shape) is None:
            raise InvalidRequest(
                f"each input of {self.labelled.name} is {list(inputs.shape[1:])}; "
                f"the model takes {list(port.shape)}"
            )

    def __len__(self) -> int:
        return len(self.labelled)

    def __getitem__(self, index: int) -> NDArray[Any]:
        """Input `index`, with a batch axis of one."""
        shape = _shaped(self.labelled.inputs.shape[1:], self.port.shape)
        assert shape is not None, "checked when made"
        element = self.labelled.inputs[index].astype(self.port.datatype, casting="same_kind")
        return np.ascontiguousarray(element).reshape(shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of each input as the model gets it."""
        found = _shaped(self.labelled.inputs.shape[1:], self.port.shape)
        assert found is not None, "checked when made"
        return found


def _shaped(element: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...] | None:
    """The element's shape with leading ones up to the model's rank; None where it does not fit."""
    padded = (1,) * (len(wanted) - len(element)) + element
    fits = len(padded) == len(wanted) and math.prod(padded) > 0
    pairs = zip(padded, wanted, strict=False)
    return padded if fits and all(size in (-1, is_) for is_, size in pairs) else None
