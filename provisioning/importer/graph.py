"""Reads a graph with OpenVINO's front ends and checks what a box can serve of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from provisioning.importer.port import Port
from provisioning.importer.source_format import SourceFormat
from serving.domain.errors import AiboxError, CorruptModel, InvalidRequest
from serving.domain.tensor import Datatype
from serving.engine.datatypes import to_spec
from serving.engine.runtime import ov

_UNCONVERTED = re.compile(r"No conversion rule found for operations: ([^\n]{1,2000})")
_OPERATOR = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_MOST_OPERATORS = 8
_FRONT_ENDS = {SourceFormat.ONNX: "onnx", SourceFormat.TENSORFLOW: "tf"}
_NOT_SERVED = {Datatype.BYTES, Datatype.BF16}


def read_graph(path: Path, source_format: SourceFormat) -> Any:
    """The model as an `openvino.Model`. Raises InvalidRequest with one sentence.

    The front end is named, so that none guesses from a file's ending.
    """
    try:
        if source_format is SourceFormat.OPENVINO:
            model = ov.Core().read_model(path)
        else:
            front_end = ov.frontend.FrontEndManager().load_by_framework(_FRONT_ENDS[source_format])
            model = front_end.convert(front_end.load(str(path)))
    except MemoryError:
        raise
    except Exception as error:  # each front end has classes of its own
        raise InvalidRequest(_sentence(path, str(error))) from None
    if not model.inputs or not model.outputs:
        lacking = "inputs" if not model.inputs else "outputs"
        raise InvalidRequest(f"{path.name} has no {lacking}; a box serves models that have both")
    return model


def _sentence(path: Path, text: str) -> str:
    found = _UNCONVERTED.search(text)
    if not found:
        return f"{path.name} cannot be read by OpenVINO: it is damaged or not a complete model"
    names = _OPERATOR.findall(found[1])
    shown = ", ".join(names[:_MOST_OPERATORS]) + (" ..." if len(names) > _MOST_OPERATORS else "")
    return f"{path.name} uses operators that OpenVINO does not support: {shown}"


def ports(outputs: Any) -> tuple[Port, ...]:
    """Inputs or outputs of a model. Raises InvalidRequest where a box cannot serve one."""
    found = []
    for output in outputs:
        try:
            spec = to_spec(output)
        except CorruptModel as error:
            raise InvalidRequest(error.message) from None
        if spec.datatype in _NOT_SERVED:
            raise InvalidRequest(
                f"{spec.name} is of datatype {spec.datatype}, which no import can check; "
                "export the model with float, integer or boolean tensors"
            )
        found.append(Port(name=spec.name, datatype=spec.datatype, shape=spec.shape))
    return tuple(found)


def name_ports(model: Any) -> None:
    """Gives each input and output exactly one name, which differs from all others."""
    taken: set[str] = set()
    for kind, outputs in (("input", model.inputs), ("output", model.outputs)):
        for index, output in enumerate(outputs):
            names = sorted(output.get_names()) or [f"{kind}_{index}"]
            free = next((name for name in names if name not in taken), f"{kind}_{index}")
            output.get_tensor().set_names({free})
            taken.add(free)


def refuse_nan_weights(model: Any) -> None:
    """Raises InvalidRequest for a weight that is no number; infinities are common in masks."""
    for node in model.get_ordered_ops():
        if node.get_type_name() != "Constant" or not node.get_element_type().is_real():
            continue
        try:
            broken = bool(np.isnan(node.get_data()).any())
        except (RuntimeError, TypeError, AiboxError):  # types that numpy lacks
            continue
        if broken:
            raise InvalidRequest("the model holds weights that are not numbers (NaN); train again")
