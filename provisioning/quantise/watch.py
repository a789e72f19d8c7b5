"""Reads what lies between a network's input and its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from provisioning.quantise.predictions import compile_model

Watched = Callable[[NDArray[Any]], list[NDArray[Any]]]
"""Of one element: the values of the places watched, good until the next call."""

AT_ONCE = 8
"""Places to watch at a time: activations of large images fill gigabytes."""


def watch(model: Any, places: Sequence[tuple[str, int]]) -> Watched:
    """Compiles a copy of an ov.Model in FP32; `places`: operations' names, numbers of outputs."""
    watched = model.clone()
    watched.add_outputs(list(places))
    compiled = compile_model(watched, "f32")

    def values(element: NDArray[Any]) -> list[NDArray[Any]]:
        every = list(compiled([element]).values())
        return every[len(every) - len(places) :]

    return values
