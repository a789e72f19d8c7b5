"""The step `run_onnx`: the outputs of onnxruntime, to compare the converted graph with."""

from __future__ import annotations

import onnxruntime  # type: ignore[import-untyped]

from provisioning.importer.arrays import read_arrays, write_arrays
from provisioning.importer.reference import ReferenceOrder, ReferenceRun
from serving.domain.errors import InvalidRequest
from serving.domain.slices import Progress

_QUIET = 4


def run_onnx(order: ReferenceOrder, report: Progress) -> ReferenceRun:
    """Runs the file on the CPU without rewriting its graph. Raises InvalidRequest."""
    report(0.0, "running onnxruntime")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _QUIET
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(
            str(order.source), options, providers=["CPUExecutionProvider"]
        )
        arrays = read_arrays(order.inputs)
        known = {each.name for each in session.get_outputs()}
        wanted = list(order.output_names) if known.issuperset(order.output_names) else None
        outputs = session.run(wanted, dict(zip(order.input_names, arrays, strict=True)))
    except MemoryError:
        raise
    except Exception as error:  # onnxruntime has a class for each of its status codes
        raise InvalidRequest(
            "onnxruntime cannot run the model on these inputs "
            f"({type(error).__name__}); give some that fit with --inputs or --shape"
        ) from None
    write_arrays(order.outputs, outputs)
    return ReferenceRun(framework=f"onnxruntime {onnxruntime.__version__}")
