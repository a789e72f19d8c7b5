"""The step `convert`: a checked source becomes an IR, with its preprocessing built in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel

from provisioning.importer.embed_graph import embed
from provisioning.importer.embedding import Embedding
from provisioning.importer.graph import name_ports, ports, read_graph, refuse_nan_weights
from provisioning.importer.ir_screen import screen_ir
from provisioning.importer.onnx_screen import screen_onnx
from provisioning.importer.port import Port
from provisioning.importer.saved_model_screen import screen_saved_model
from provisioning.importer.source_format import SourceFormat
from serving.domain.errors import InvalidRequest
from serving.domain.slices import Progress
from serving.engine.runtime import ov

_SCREENS: dict[SourceFormat, Callable[[Path], tuple[Path, ...]]] = {
    SourceFormat.ONNX: screen_onnx,
    SourceFormat.OPENVINO: screen_ir,
    SourceFormat.TENSORFLOW: screen_saved_model,
}


class ConvertOrder(BaseModel):
    """What to convert; `ir` is the xml to write, its bin beside it."""

    source: Path
    format: SourceFormat
    ir: Path
    embedding: Embedding | None
    compress_to_fp16: bool


class Converted(BaseModel):
    """What came of it; `files` are those that the source consists of."""

    files: tuple[Path, ...]
    source_inputs: tuple[Port, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def convert(order: ConvertOrder, report: Progress) -> Converted:
    """Screens, reads, prepares and writes. Raises InvalidRequest with one sentence."""
    report(0.0, "checking the file")
    files = _SCREENS[order.format](order.source)
    report(0.2, "converting")
    model = read_graph(order.source, order.format)
    refuse_nan_weights(model)
    name_ports(model)
    source_inputs = ports(model.inputs)
    if order.embedding is not None:
        model = embed(model, order.embedding)
    model.validate_nodes_and_infer_types()
    served = ports(model.inputs), ports(model.outputs)
    report(0.8, "writing the graph")
    order.ir.parent.mkdir(parents=True, exist_ok=True)
    try:
        ov.save_model(model, order.ir, compress_to_fp16=order.compress_to_fp16)
    except RuntimeError:
        raise InvalidRequest(
            "the converted graph cannot be written: the disk is full, or it is larger than an "
            "import may write"
        ) from None
    return Converted(files=files, source_inputs=source_inputs, inputs=served[0], outputs=served[1])
