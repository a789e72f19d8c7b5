"""The step `measure`: compiles one variant, times it, and runs it on the inputs of the parity."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from provisioning.importer.arrays import read_arrays, write_arrays
from provisioning.importer.speed import compile_for_box, time_compiled
from serving.domain.errors import InvalidRequest
from serving.domain.provenance import Speed
from serving.domain.slices import Progress
from serving.engine.runtime import ov


class MeasureOrder(BaseModel):
    """`inputs` and `outputs` None: only time it."""

    model: Path
    inference_precision: str
    shapes: dict[str, tuple[int, ...]]
    inputs: Path | None = None
    outputs: Path | None = None


def measure(order: MeasureOrder, report: Progress) -> Speed:
    """Raises InvalidRequest where the model does not compile or run."""
    report(0.0, f"compiling for {order.inference_precision}")
    compiled = compile_for_box(order.model, order.inference_precision)
    if order.inputs is not None and order.outputs is not None:
        report(0.2, "comparing")
        request = compiled.create_infer_request()
        request.set_input_tensors([ov.Tensor(array) for array in read_arrays(order.inputs)])
        try:
            request.infer()
        except RuntimeError:
            raise InvalidRequest(
                "the converted graph does not run on the inputs to compare; give others with "
                "--inputs or --shape"
            ) from None
        write_arrays(order.outputs, [tensor.data.copy() for tensor in request.output_tensors])
    return time_compiled(compiled, report, order.shapes)
