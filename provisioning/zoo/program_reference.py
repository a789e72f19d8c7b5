"""Steps of an import that need torch: an exported program converted, and run as the reference.

Both take a `.pt2` that `provisioning.importer.program_screen` has cleaned, and refuse to unpickle
anything all the same: Python tells of every class that an unpickler looks up.
"""

from __future__ import annotations

import sys
from typing import Any

import openvino as ov
import torch
from torch.utils import _pytree as pytree

from provisioning.importer.arrays import read_arrays, write_arrays
from provisioning.importer.program_order import Program, ProgramOrder
from provisioning.importer.reference import ReferenceOrder, ReferenceRun
from serving.domain.errors import InvalidRequest
from serving.domain.slices import Progress

_FRAMEWORK = f"torch {torch.__version__}"


def convert_program(order: ProgramOrder, report: Progress) -> Program:
    """Writes the program as an IR of float32 weights. Raises InvalidRequest."""
    report(0.0, "converting the exported program")
    program = _load(order)
    try:
        model = ov.convert_model(program)
        _restore_ports(model, program)
    except MemoryError:
        raise
    except Exception as error:
        raise InvalidRequest(
            f"OpenVINO cannot convert the exported program ({type(error).__name__}); "
            "export the model as ONNX"
        ) from None
    ov.save_model(model, order.ir, compress_to_fp16=False)
    return Program(framework=_FRAMEWORK)


def run_program(order: ReferenceOrder, report: Progress) -> ReferenceRun:
    """Writes what torch computes on the arrays, in order. Raises InvalidRequest."""
    report(0.0, "running torch")
    module = _load(order).module()
    inputs = [torch.from_numpy(array) for array in read_arrays(order.inputs)]
    try:
        with torch.no_grad():
            outputs = pytree.tree_leaves(module(*inputs))
    except MemoryError:
        raise
    except Exception as error:
        raise InvalidRequest(
            f"torch cannot run the program on these inputs ({type(error).__name__}); "
            "give some that fit with --inputs or --shape"
        ) from None
    write_arrays(order.outputs, [output.numpy() for output in outputs])
    return ReferenceRun(framework=_FRAMEWORK)


def _load(order: ProgramOrder | ReferenceOrder) -> torch.export.ExportedProgram:
    sys.addaudithook(_refuse_pickles)
    try:
        return torch.export.load(order.source)
    except MemoryError:
        raise
    except Exception as error:
        raise InvalidRequest(
            f"torch {torch.__version__} cannot load the exported program "
            f"({type(error).__name__}); save it anew with torch.export.save"
        ) from None


def _refuse_pickles(event: str, _arguments: tuple[Any, ...]) -> None:
    """`pickle.find_class` is raised by every unpickler of Python (docs: audit events)."""
    if event == "pickle.find_class":
        raise RuntimeError("nothing is unpickled here")


def _restore_ports(model: ov.Model, program: torch.export.ExportedProgram) -> None:
    """Names and fixed sizes of inputs and outputs, which OpenVINO's front end leaves out."""
    signature = program.graph_signature
    values = {node.name: node.meta.get("val") for node in program.graph.nodes}
    shapes = {}
    for index, (port, name) in enumerate(zip(model.inputs, signature.user_inputs, strict=True)):
        port.get_tensor().set_names({str(name)})
        sizes = [size if isinstance(size, int) else -1 for size in values[str(name)].shape]
        shapes[index] = ov.PartialShape(sizes)
    model.reshape(shapes)
    for port, name in zip(model.outputs, signature.user_outputs, strict=True):
        port.get_tensor().set_names({str(name)})
