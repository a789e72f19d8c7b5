"""Checks a request against what the model declares, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from serving.domain.errors import InvalidRequest
from serving.domain.tensor import Tensor, TensorSpec


def order_inputs(specs: Sequence[TensorSpec], inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The request's tensors in the model's order.

    Raises InvalidRequest for an unknown, missing or repeated name, another datatype or shape.
    """
    given = {tensor.name: tensor for tensor in inputs}
    if len(given) != len(inputs):
        raise InvalidRequest("each input is given once; the request repeats an input name")
    if given.keys() != {spec.name for spec in specs}:
        raise InvalidRequest(
            f"the model takes inputs {_names(s.name for s in specs)}; "
            f"the request has {len(given)} and of these it misses "
            f"{_names(s.name for s in specs if s.name not in given)}"
        )
    for spec in specs:
        _check(spec, given[spec.name])
    return tuple(given[spec.name] for spec in specs)


def select_outputs(specs: Sequence[TensorSpec], wanted: Sequence[str]) -> tuple[int, ...]:
    """Positions of the outputs wanted, in the order asked for; all where none is named.

    Raises InvalidRequest for an unknown or repeated name.
    """
    if not wanted:
        return tuple(range(len(specs)))
    positions = {spec.name: index for index, spec in enumerate(specs)}
    if any(name not in positions for name in wanted):
        raise InvalidRequest(
            f"the model has outputs {_names(positions)}; the request asks for another"
        )
    if len(set(wanted)) != len(wanted):
        raise InvalidRequest("each output is asked for once; the request repeats an output name")
    return tuple(positions[name] for name in wanted)


def _check(spec: TensorSpec, tensor: Tensor) -> None:
    if tensor.datatype is not spec.datatype:
        raise InvalidRequest(
            f"input {spec.name} is {spec.datatype.value}; {tensor.datatype.value} came"
        )
    if tensor.array.dtype != spec.datatype.numpy:
        raise InvalidRequest(
            f"input {spec.name} is held as {spec.datatype.numpy}; an array of another type came"
        )
    shape = tensor.array.shape
    fits = len(shape) == len(spec.shape) and all(
        size in (-1, came) for size, came in zip(spec.shape, shape, strict=True)
    )
    if not fits:
        raise InvalidRequest(
            f"input {spec.name} has shape {list(spec.shape)} (-1: any size); {list(shape)} came"
        )


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
