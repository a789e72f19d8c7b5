"""Brings a graph into the form that NNCF and the CPU plugin know."""

from __future__ import annotations

from typing import Any

from serving.engine.runtime import apply_moc_transformations, ov

_PORTS = ("Parameter", "Result")


def simplify(model: Any) -> Any:
    """The same ov.Model, changed in place by what OpenVINO's own converter does to every model.

    Constant parts become constants: graphs from ONNX with open sizes reshape every bias by a small
    graph of its own, and weights stored as FP16 pass through a conversion. NNCF takes neither for
    a bias and leaves out its correction without a word: on the small HRNet that was half of what
    INT8 lost.

    Operations get names by their order, since OpenVINO gives new ones other names at each call
    and layers are found again by their names.
    """
    apply_moc_transformations(model, cf=True, smart_reshape=False)
    for parameter in model.get_parameters():
        _widen(parameter)
    for at, op in enumerate(model.get_ordered_ops()):
        if op.get_type_name() not in _PORTS:
            op.set_friendly_name(f"{op.get_type_name()}_{at}")
    model.validate_nodes_and_infer_types()
    return model


def _widen(parameter: Any) -> None:
    """Lets 16-bit numbers become floats by way of int32.

    The CPU plugin takes conversion, bounds, scale and quantiser for one reordering of memory, which
    oneDNN has for 32 bits and not for 16: it compiled no INT8 graph of fixed size.
    """
    if parameter.get_element_type() not in (ov.Type.i16, ov.Type.u16):
        return
    for target in parameter.output(0).get_target_inputs():
        if target.get_node().get_type_name() == "Convert":
            wide = ov.opset13.convert(parameter, "i32")
            target.replace_source_output(wide.output(0))
