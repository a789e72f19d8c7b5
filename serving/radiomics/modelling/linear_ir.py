"""A linear model as OpenVINO IR (version 11), written by hand: no converter takes part.

    features (cases, n) f32 -> missing values -> minus fill -> MatMul -> plus intercept -> Sigmoid

OpenVINO's ONNX front end refuses the operators of trees and support vectors; those models answer
by `RadiomicsService.Predict` alone.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from serving.domain.manifest import ModelFile
from serving.radiomics.modelling.ir_network import ANY, IrNetwork, Shape
from serving.radiomics.modelling.linear_form import LinearForm

IR_XML = "fp32/model.xml"
IR_BIN = "fp32/model.bin"
INPUT = "features"
OUTPUTS = {"logistic": "probability", "identity": "log_partial_hazard"}


def write_linear_ir(form: LinearForm, folder: Path) -> tuple[ModelFile, ...]:
    """Writes `IR_XML` and `IR_BIN` below `folder`; returns them with their digests.

    Input `features` FP32 (cases, features), NaN where a value is missing; output FP32 (cases, 1):
    `probability`, or `log_partial_hazard` for Cox.
    """
    network = _network(form)
    contents = {IR_BIN: network.weights, IR_XML: network.xml()}
    (folder / IR_XML).parent.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return tuple(
        ModelFile(path=name, sha256=hashlib.sha256(content).hexdigest())
        for name, content in contents.items()
    )


def _network(form: LinearForm) -> IrNetwork:
    network, count = IrNetwork(), form.weights.size
    wide: Shape = (ANY, count)
    x = network.parameter(INPUT, wide)
    fill = network.constant("fill", form.fill.reshape(1, count))
    missing = network.operation(
        "is_missing", "IsNaN", (x,), wide, opset="opset10", element="boolean"
    )
    broadcast = {"auto_broadcast": "numpy"}
    known = network.operation("known", "Select", (missing, fill, x), wide, **broadcast)
    moved = network.operation("moved", "Subtract", (known, fill), wide, **broadcast)
    weights = network.constant("weights", form.weights.reshape(count, 1))
    turned = {"transpose_a": "false", "transpose_b": "false"}
    total = network.operation("sum", "MatMul", (moved, weights), (ANY, 1), **turned)
    intercept = network.constant("intercept", np.array([[form.intercept]]))
    name = OUTPUTS[form.link]
    if form.link == "identity":
        network.result(
            network.operation(name, "Add", (total, intercept), (ANY, 1), tensor=name, **broadcast)
        )
        return network
    logit = network.operation("logit", "Add", (total, intercept), (ANY, 1), **broadcast)
    network.result(network.operation(name, "Sigmoid", (logit,), (ANY, 1), tensor=name))
    return network
