"""Brings a graph into the form that NNCF and the CPU plugin know."""

from __future__ import annotations

from typing import Any

from serving.engine.runtime import apply_moc_transformations

_PORTS = ("Parameter", "Result")


def simplify(model: Any) -> Any:
    """The same ov.Model, changed in place by what OpenVINO's own converter does to every model.

    Constant parts become constants: graphs from ONNX with open sizes reshape every bias by a small
    graph of its own, and weights stored as FP16 pass through a conversion. NNCF takes neither for
    a bias and leaves out its correction without a word: on the small HRNet that was half of what
    INT8 lost. Of bounds, shifts and scales of int16 Hounsfield units a clamp and a factor are
    left: from the longer chain the plugin compiled no INT8 graph of the zoo's networks.

    Operations get names by their order, since OpenVINO gives new ones other names at each call
    and layers are found again by their names.
    """
    apply_moc_transformations(model, cf=True, smart_reshape=False)
    for at, op in enumerate(model.get_ordered_ops()):
        if op.get_type_name() not in _PORTS:
            op.set_friendly_name(f"{op.get_type_name()}_{at}")
    return model
