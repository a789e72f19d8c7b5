"""A network as a PyTorch exported program, `.pt2`: a graph and its weights, no pickled code."""

from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from provisioning.zoo.catalogue import example_inputs
from provisioning.zoo.entry import EXPORT_BATCH, ZooEntry, ZooInput

EXPORT_SIDES = {2: 128, 3: 192}
"""Sizes shown for dynamic rows and columns: small, unequal, and not what is served."""


def trace(entry: ZooEntry, network: nn.Module, seed: int) -> ExportedProgram:
    """The graph of `network` for any size of its dynamic dimensions."""
    dynamic = dict.fromkeys(entry.input.dynamic, Dim.AUTO)
    example = export_example(entry, seed)
    with torch.no_grad():
        return torch.export.export(network, (example,), dynamic_shapes=(dynamic,))


def write_program(program: ExportedProgram, path: Path) -> None:
    """Writes `path`, which ends in `.pt2`."""
    torch.export.save(program, path)


def run_program(path: Path, inputs: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """The outputs of a written program for inputs in the order of their names."""
    program = torch.export.load(path).module()
    return as_arrays(program(*(torch.from_numpy(array) for array in inputs.values())))


@torch.no_grad()
def run_eager(network: nn.Module, inputs: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """The outputs of a network for inputs in the order of their names."""
    return as_arrays(network(*(torch.from_numpy(array) for array in inputs.values())))


def as_arrays(outputs: Tensor | tuple[Tensor, ...]) -> list[NDArray[Any]]:
    """One array for each output."""
    several = outputs if isinstance(outputs, tuple) else (outputs,)
    return [output.detach().numpy() for output in several]


def export_example(entry: ZooEntry, seed: int) -> Tensor:
    """An input that an exporter generalises from, dynamic dimensions neither 0 nor 1."""
    arrays = example_inputs(entry.name, seed, _export_shape(entry.input))
    return torch.from_numpy(arrays[entry.input.name])


def _export_shape(wanted: ZooInput) -> tuple[int, ...]:
    shown = {place: EXPORT_SIDES.get(place, EXPORT_BATCH) for place in wanted.dynamic}
    return tuple(shown.get(place, size) for place, size in enumerate(wanted.example))
